import { renderGateway } from "../../components/tenant/gateway/render";
import { layOut } from "../engine/envoy";
import { clustersOf, whole, type Listener } from "../engine/gateway-whole";
import { Killer } from "./killer";
import { Farm } from "./farm";
import { allMutants, ofDistinctRoutes } from "./mutate";
import { specialClusters } from "./special";
import { World } from "./world";

/** Every part of the gateway's configuration is there for something: without it, Envoy refuses the rest or a test fails. */

let world: World;
const farms: Farm[] = [];
beforeAll(async () => {
  world = await World.create();
}, 30_000);
afterAll(async () => {
  await Promise.all(farms.map((farm) => farm.stop()));
  world.close();
});

const address = (port: number) => ({ endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: port } } } });

/** A farm whose clusters are the gateway's, and three more for what needs them. */
async function farm(): Promise<Farm> {
  const laid = await layOut(world.input, world.jwks, world.pair);
  const made = new Farm(laid);
  farms.push(made);
  const { port } = world.input.shared.cortex.query;
  const cluster = { type: "STATIC", connect_timeout: "1s" };
  const at = (name: string, ports: readonly number[]) => ({ cluster_name: name, endpoints: [{ lb_endpoints: ports.map(address) }] });
  const { narrow, flaky, dead } = specialClusters;
  const more = [
    { ...cluster, name: narrow, circuit_breakers: { thresholds: [{ max_requests: 1 }] }, load_assignment: at(narrow, [port]) },
    { ...cluster, name: flaky, load_assignment: at(flaky, [1, 2, port]) },
    { ...cluster, name: dead, load_assignment: at(dead, [1]) },
  ];
  const thanos = clustersOf(renderGateway(world.inputFor("thanos"), world.jwks)).filter(({ name }) => String(name).startsWith("thanos."));
  await made.start([...clustersOf(renderGateway(world.input, world.jwks)), ...thanos, ...more]);
  return made;
}

/** `MUTANTS=retry_policy` tries only the parts whose place has this pattern, but of every route: `MUTANTS=.` tries all that there are. */
const only = process.env["MUTANTS"];

test("each part that is removed is missed", async () => {
  const [one, two, three] = await Promise.all([farm(), farm(), farm()]);
  const text = renderGateway(world.input, world.jwks, (await layOut(world.input, world.jwks, world.pair)).places);
  const base = whole(text).static_resources.listeners.find(({ name }) => name === "https") as Listener;
  const all = allMutants(base);
  const mutants = only === undefined ? ofDistinctRoutes(base, all) : all.filter(({ name }) => new RegExp(only).test(name));
  const killer = new Killer(world, world.input, base);
  const wrong = await killer.control(three, mutants);
  expect(wrong).toEqual([]);
  const result = await killer.run([one, two, three], mutants);
  process.stderr.write(`${mutants.length} mutants made, ${result.killed + result.refused} killed (${result.refused} of them by Envoy)\n`);
  expect(result.survivors).toEqual([]);
}, 580_000);
