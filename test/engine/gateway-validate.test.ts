import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { renderGateway } from "../../components/tenant/gateway/render";
import type { GatewayInput } from "../../components/tenant/gateway/input";
import { toYaml } from "../../model/text";
import { metricsSystems, states, type Api } from "../../model/tenant";
import { envoyPath, layOut } from "./envoy";
import { jwksOf, selfSigned, signingKey } from "./gateway-kit";
import { whole } from "./gateway-whole";

/** What Envoy itself says of the files of every kind of tenant in every state. */

const address = { host: "127.0.0.1", port: 9 };
const pair = selfSigned("x");
const jwks = jwksOf(signingKey("t-2026-11"));
const apis: Api[][] = [["metrics"], ["logs"], ["logs", "metrics"], ["datadog", "metrics"], ["datadog", "logs", "metrics"]];

function inputOf(tenant: Partial<GatewayInput["tenant"]>): GatewayInput {
  return {
    tenant: {
      name: "prod",
      storageId: "prod",
      metrics: "cortex",
      apis: ["metrics"],
      domain: undefined,
      revoked: [],
      state: "active",
      ...tenant,
    },
    stack: "dev",
    zone: "obs.example.com",
    shared: {
      cortex: { push: address, query: address, ruler: address, alertmanager: address },
      loki: { push: address, query: address, tail: address, ruler: address, compactor: address },
      thanos: { receive: address, query: address },
      platform: { prometheus: address },
    },
    local: { grafana: address, collector: address },
    requests: { ingest: 100, query: 20, manage: 5, bodyBytes: 1 << 20 },
    queriesAtOnce: 4,
    maxReplicas: 10,
    memoryBytes: 192 << 20,
    statement: 'tenantstack_limit{limit="requests.query"} 1\n',
  };
}

/** What Envoy says against the files; with `split`, as they are mounted, else with all in one. */
async function complaints(input: GatewayInput, split = false): Promise<string> {
  const laid = await layOut(input, jwks, await pair);
  try {
    const file = path.join(laid.root, "whole.yaml");
    // `--mode validate` does not open the live files, and a rejected one is only a line in the log of an Envoy that refuses everything.
    fs.writeFileSync(file, toYaml(whole(renderGateway(input, jwks, laid.places))));
    return await run(split ? path.join(laid.places.folders.config, "envoy.yaml") : file);
  } finally {
    fs.rmSync(laid.root, { recursive: true });
  }
}

async function run(file: string): Promise<string> {
  const envoy = await envoyPath();
  return new Promise((resolve) =>
    execFile(envoy, ["--mode", "validate", "-c", file, "--log-level", "warning"], { timeout: 20_000 }, (error, out, err) =>
      resolve(`${error === null ? "" : "FAILED "}${out}${err}`.replace(/^configuration .* OK\s*$/m, "").trim()),
    ),
  );
}

const kinds = metricsSystems.flatMap((metrics) =>
  apis.flatMap((list) => states.map((state) => [metrics, list.join("+"), state, list] as const)),
);

test.each(kinds)(
  "%s %s, %s: accepted without a warning",
  async (metrics, _list, state, list) => {
    expect(await complaints(inputOf({ metrics, apis: list, state }))).toBe("");
  },
  30_000,
);

test("the bootstrap as it is mounted is accepted too", async () => {
  expect(await complaints(inputOf({}), true)).toBe("");
}, 30_000);

test("names and ids that YAML parsers take for something else stay texts", async () => {
  const revoked = ["no", "on", "y", "null", "1e3", "0x1f", "017", "1_000", "~", "2026-11-22", "a: b", "'", "=x"];
  expect(await complaints(inputOf({ name: "no", storageId: "no", revoked }))).toBe("");
}, 30_000);
