import { ensureTools } from "../../embedded/toolchain";
import { silentReporter } from "../../embedded/console";
import { Checkout, succeeds } from "./checkout";
import { begun, strike, type Moment } from "./crash";
import { declaredObjects } from "./declared";
import { faults } from "./inspect";
import type { Victim } from "./processes";
import { next, operations, scenes, type Scene } from "./scene";

/** Moments of one `up`: 0 while the program loads, then evenly over its operations. */
const moments = 10;

/** Which of its ten moments each victim is killed at in CI, for minutes' sake. `npm run crashes` does every one. */
const chosen: Readonly<Record<Victim, readonly number[]>> = {
  program: [0],
  "language host": [5],
  engine: [7],
  "kube-apiserver": [3],
  etcd: [8],
};
const all = process.env["TENANTSTACK_CRASHES"] === "all";

/** Whether a process is needed to the end of an update: the program and its host end before deletions begin. */
const lastsForAll = (victim: Victim): boolean => victim !== "program" && victim !== "language host";

/** The output of a defect of this program: what people are told has no stack. */
const stackTrace = /\n\s+at .*:\d+:\d+/;

/**
 * Kills the victims one after the other in the middle of `npm start`, on one stack that goes from scene to scene, and looks after each next start whether
 * everything is as a run leaves it that nobody disturbed.
 */
export function crashes(victims: readonly Victim[]): void {
  const checkout = new Checkout();
  let scene: Scene = "alone";
  let kubectl: string;
  jest.setTimeout(300_000);

  const start = async () => {
    checkout.tenants(scenes[scene]);
    return succeeds(checkout.npm("start"));
  };
  const left = async () => faults(kubectl, checkout.state, await declaredObjects(checkout.dir, checkout.state));

  beforeAll(async () => {
    kubectl = (await ensureTools(["kubectl"], { report: silentReporter })).get("kubectl")?.path ?? "kubectl";
    await start();
  });
  afterAll(() => checkout.remove());

  test("a start that nobody disturbs leaves nothing to find", async () => {
    expect(await left()).toEqual([]);
  });

  const cases = victims.flatMap((victim) => (all ? [...Array(moments).keys()] : chosen[victim]).map((moment) => ({ victim, moment })));
  test.each(cases)("$victim killed at moment $moment: the next start converges", async ({ victim, moment }) => {
    const before = scene;
    scene = next[scene];
    checkout.tenants(scenes[scene]);
    const at: Moment =
      moment === 0 ? undefined : Math.ceil((operations[scene][lastsForAll(victim) ? "all" : "program"] * moment) / moments);
    const struck = await strike(checkout, checkout.npm("start"), victim, at);
    expect(struck.code).not.toBe(0);
    expect(struck.text).not.toMatch(stackTrace);
    // A change that is taken back after the crash: what was half done must not stay.
    if (scene !== "joined" && moment % 2 === 1) scene = before;
    const began = Date.now();
    const again = await start();
    process.stderr.write(
      `   ${victim} after ${struck.begun} operations of ${before} -> ${next[before]}${scene === before ? " and back" : ""}: ended in ${struck.seconds.toFixed(1)} s, ` +
        `next start ${((Date.now() - began) / 1000).toFixed(1)} s and ${begun(again.text)} operations\n`,
    );
    expect(again.text).not.toMatch(stackTrace);
    expect(await left()).toEqual([]);
  });
}
