import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { recordProgram, type Recording } from "./index";
import type { Network } from "./network";
import { networkOf } from "./network-world";

/** A network of the program with tenants of every kind, under settings that matter to who reaches whom. */
export interface Scene {
  readonly name: "edge: none" | "edge: gateway-api" | "blocks in S3" | "distributed";
  readonly network: Network;
  /** All that is declared. */
  readonly recording: Recording;
}

const tenant = (more: string) => `owner: team@example.com\ndescription: An example\nkeys: [2026-11]\n${more}\n`;
const all = "apis: [metrics, logs, datadog]";
const signIn = "grafana: {auth: {issuer: https://login.example.com, clientId: grafana, allowedGroups: [all]}}";

/** `alpha` keeps metrics in Cortex and signs people in, `beta` in Thanos, `gamma` in Thanos with a querier of its own, `system` is the platform's. */
const files: Readonly<Record<string, string>> = {
  "alpha.yaml": tenant(`${all}\ntier: medium\n${signIn}`),
  "beta.yaml": tenant(`${all}\nmetrics: thanos`),
  "gamma.yaml": tenant(`${all}\nmetrics: thanos\nquerier: dedicated`),
  "system.yaml": tenant("apis: [metrics, logs]"),
};

const s3 = { endpoint: "https://s3.eu-west-1.amazonaws.com", region: "eu-west-1", bucketPrefix: "example" };
const settings: Readonly<Record<Scene["name"], Readonly<Record<string, string>>>> = {
  "edge: none": { "tenantstack:edge": "none" },
  "edge: gateway-api": { "tenantstack:edge": "gateway-api" },
  "blocks in S3": { "tenantstack:edge": "gateway-api", "tenantstack:s3": JSON.stringify(s3) },
  distributed: {
    "tenantstack:edge": "gateway-api",
    "tenantstack:s3": JSON.stringify(s3),
    "tenantstack:cluster": JSON.stringify({ size: "distributed" }),
  },
};

/** Records the program once a scene; half a second each. Independent of the tenants in `tenants/`. */
export async function scenes(): Promise<Scene[]> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tenantstack-network-"));
  try {
    for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text);
    const found: Scene[] = [];
    // One after the other: the SDK's runtime is global.
    for (const name of Object.keys(settings) as Scene["name"][]) {
      const recording = await recordProgram(folder, { config: settings[name] });
      found.push({ name, recording, network: networkOf(recording) });
    }
    return found;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
