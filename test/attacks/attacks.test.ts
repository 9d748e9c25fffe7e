import { plain, within, type Envoy } from "../engine/envoy";
import type { GatewayInput } from "../../components/tenant/gateway/input";
import type { Attack, Target } from "./attack";
import { attacks } from "./list";
import { routeTargets } from "./targets";
import { Attacker, type Holder } from "./tries";
import { World } from "./world";

/** The list of attacks on the real Envoy, each on every route of the table, with the tenant's own token and with its neighbour's. */

let world: World;
const running: Envoy[] = [];
beforeAll(async () => {
  world = await World.create();
}, 30_000);
afterAll(async () => {
  await Promise.all(running.map((one) => one.stop()));
  world.close();
});

/** Requests under way at one time. */
const atOnce = 48;

/** Tries all attacks on all targets; what went wrong, a line each. */
async function tryAll(input: GatewayInput, port: number, targets: readonly Target[]): Promise<{ tried: number; wrong: string[] }> {
  const attacker = new Attacker(world, { port, owner: world.ownerOf(input) });
  const upstreams = new Set<string>();
  // The neighbour's token at each upstream, the own at every route.
  const holders = new Map(targets.map((one) => [one, upstreams.has(one.route.upstream) ? 0 : upstreams.add(one.route.upstream).size]));
  const work: { attack: Attack; target: Target; holder: Holder }[] = targets.flatMap((target) =>
    attacks.flatMap((attack) =>
      (attack[2].token === undefined && holders.get(target) !== 0 ? (["own", "neighbour"] as const) : (["own"] as const)).map((holder) => ({
        attack,
        target,
        holder,
      })),
    ),
  );
  const wrong: string[] = [];
  let at = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let one = work[at++]; one !== undefined; one = work[at++]) {
        const said = await attacker.try(one.attack, one.target, one.holder);
        if (said !== undefined) wrong.push(`${one.attack[0]} on ${one.target.route.id}, token of ${one.holder}: ${said}`);
      }
    }),
  );
  attacker.close();
  return { tried: work.length, wrong };
}

test.each(["cortex", "thanos"] as const)(
  "no attack on a gateway with %s gets what it must not",
  async (metrics) => {
    const input = world.inputFor(metrics);
    const envoy = await world.gateway(input);
    running.push(envoy);
    // Logs and Datadog are the same with Thanos.
    const targets = routeTargets(input).filter(({ route }) => metrics === "cortex" || route.host === "thanos");
    const { tried, wrong } = await tryAll(input, envoy.laid.places.ports.https, targets);
    process.stderr.write(`${metrics}: ${attacks.length} attacks on ${targets.length} routes, ${tried} tries\n`);
    expect(wrong.slice(0, 40)).toEqual([]);
    expect((await plain(envoy.laid.places.ports.health, "/ready")).status).toBe(200);
  },
  120_000,
);

test("nothing that a client holds secret is in a log", async () => {
  await within(5000, "the access log", () => running.every((envoy) => envoy.log.includes('"status":401')));
  const log = running.map((envoy) => envoy.log).join("");
  expect(log).not.toMatch(/eyJ|api_key|secret-|BEGIN/);
  expect(world.toldBy(log)).toEqual([]);
});
