import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { root } from "../../cli/paths";
import { silentReporter } from "../../embedded/console";
import { ensureTools } from "../../embedded/toolchain";
import { Checkout, succeeds } from "./checkout";
import { declaredObjects } from "./declared";
import { faults, liveObjects, readState } from "./inspect";
import { scenes } from "./scene";

/** A stack that the version before this one brought up, under this one's first `up`. */
jest.setTimeout(300_000);

const git = (...args: string[]) => spawnSync("git", args, { cwd: root, encoding: "utf8", timeout: 30_000 });

/** The last release, or where there is none yet the commit before this one. */
function previous(): string {
  const tag = git("describe", "--tags", "--abbrev=0", "HEAD~1");
  const commit = git("rev-parse", "--verify", "--quiet", tag.status === 0 ? tag.stdout.trim() : "HEAD~1");
  if (commit.status !== 0)
    throw new Error(
      "This clone has no history, so there is no version before this one to upgrade from: git fetch --unshallow, and run it again.",
    );
  return commit.stdout.trim();
}

/** What must survive: names of objects with their uid, and of private keys with their id. Either changes only by being made anew. */
function stateful(kubectl: string, folder: string): Map<string, string> {
  const kept = /\/(Namespace|StatefulSet|PersistentVolumeClaim|Prometheus|Secret) /;
  const objects = [...liveObjects(kubectl, folder)]
    .filter(([key]) => kept.test(key))
    .map(([key, o]): [string, string] => [key, o.metadata.uid]);
  const keys = readState(folder).resources.filter(({ type }) => type === "tls:index/privateKey:PrivateKey");
  return new Map([...objects, ...keys.map(({ urn, id }): [string, string] => [urn, id ?? ""])]);
}

test("up of the version before, then up of this one: nothing stateful is replaced or deleted", async () => {
  const kubectl = (await ensureTools(["kubectl"], { report: silentReporter })).get("kubectl")?.path ?? "kubectl";
  const old = fs.mkdtempSync(path.join(os.tmpdir(), "tenantstack-previous-"));
  const commit = previous();
  execFileSync("tar", ["-x", "-C", old], { input: execFileSync("git", ["archive", commit], { cwd: root, maxBuffer: 256 << 20 }) });
  const checkout = new Checkout(old);
  try {
    checkout.tenants(scenes.joined);
    await succeeds(checkout.npm("start"));
    const before = stateful(kubectl, checkout.state);
    expect(before.size).toBeGreaterThan(25);
    checkout.replaceBy(root);
    await succeeds(checkout.npm("start"));
    const after = stateful(kubectl, checkout.state);
    const lost = [...before].filter(([key, id]) => after.get(key) !== id).map(([key]) => key);
    expect(lost).toEqual([]);
    expect(faults(kubectl, checkout.state, await declaredObjects(checkout.dir, checkout.state))).toEqual([]);
  } finally {
    await checkout.remove();
    fs.rmSync(old, { recursive: true, force: true });
  }
});
