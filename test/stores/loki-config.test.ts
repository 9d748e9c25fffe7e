import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import type { Storage } from "../../components/contracts";
import type { Recorded } from "../../planning/record";
import { s3 } from "../unit/observability-kit";
import { declaredLoki, fileOf, lokiPods } from "./loki-pods";
import { scratchFolder, toolPath } from "./program-kit";

/** The rendered configuration in the eyes of the program that reads it, of this version and of the one before, with each pod's own arguments. */
jest.setTimeout(120_000);
let folder: string;
beforeAll(() => void (folder = scratchFolder("loki-config")));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const ownCluster: Storage = { ...s3, endpoint: "minio.storage.svc:9000", insecure: true } as Storage;
const kinds: readonly (readonly [string, "single" | "distributed", Storage])[] = [
  ["single on a volume", "single", { kind: "volume" }],
  ["single in a bucket", "single", ownCluster],
  ["distributed in a bucket", "distributed", s3],
];

/** Runs a check and gives what it said; code 0 is a good configuration. */
async function check(
  binary: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ code: number; text: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)(binary, [...args, "-verify-config"], { env, timeout: 20_000 });
    return { code: 0, text: stdout + stderr };
  } catch (error) {
    const { code, stdout = "", stderr = "" } = error as { code?: number; stdout?: string; stderr?: string };
    return { code: code ?? -1, text: stdout + stderr };
  }
}

/** What each pod that differs from the others says to a text. */
async function verdicts(binary: string, resources: readonly Recorded[], text: string): Promise<[string, number, string][]> {
  const file = path.join(folder, "loki.yaml");
  fs.writeFileSync(file, text);
  const pods = new Map(lokiPods(resources).map((pod) => [pod.args.join(" "), pod]));
  const found: [string, number, string][] = [];
  for (const pod of pods.values()) {
    const args = pod.args.map((arg) => arg.replace("/etc/loki/loki.yaml", file));
    const { code, text } = await check(binary, args, { ...pod.env, POD_NAME: pod.name, POD_IP: "127.0.0.1" });
    found.push([pod.name, code, text]);
  }
  return found;
}

describe.each(["loki", "loki-before"] as const)("%s", (tool) => {
  test.each(kinds)("takes %s, for every part", async (_, size, storage) => {
    const resources = await declaredLoki({ size, storage });
    const said = await verdicts(await toolPath(tool), resources, fileOf(resources, "loki-config", "loki.yaml"));
    expect(said.map(([name, code, text]) => [name, code === 0 ? "taken" : text])).toEqual(said.map(([name]) => [name, "taken"]));
    expect(said).toHaveLength(size === "single" ? 1 : 11);
  });

  test("refuses an option that it does not know, so that this check can fail", async () => {
    const resources = await declaredLoki({ size: "single", storage: { kind: "volume" } });
    const text = `${fileOf(resources, "loki-config", "loki.yaml")}unheard_of: true\n`;
    expect(await verdicts(await toolPath(tool), resources, text)).toEqual([["loki-0", 1, expect.stringContaining("unheard_of")]]);
  });
});
