import { generateKeyPairSync } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Up } from "../../cli/local";
import { prove, type Proof } from "../../cli/proof";
import { proofFailure, summary } from "../../cli/summary";

const privateKeyPem = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tenantstack-proof-"));
const authority = path.join(dir, "ca.crt");
fs.writeFileSync(authority, "");
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));

const process = (name: string) => ({ name, pid: 1, state: "running" as const, log: `/state/logs/${name}.log` });
const pods: Up["pods"] = {
  // Nobody listens on port 1.
  entry: { address: "127.0.0.1", port: 1 },
  addresses: {},
  processes: ["prod-tenant/gateway-0", "loki/loki-0", "cortex/cortex-0", "staging-tenant/gateway-0"].map(process),
  started: [],
  seconds: 1,
  leftOut: ["datadog-collector", "grafana"],
};
const up: Up = {
  code: 0,
  stack: {
    name: "dev",
    places: { home: "", backend: "", passphrase: "", pulumiFolder: "" },
    kubeconfig: "",
    configFile: "",
    providers: [],
  },
  kubeconfig: "/state/kubeconfig",
  kubectl: "/usr/bin/kubectl",
  context: undefined,
  embedded: { server: "https://127.0.0.1:6443" },
  pods,
  authority,
  outputs: {
    tenants: { prod: "active", staging: "active", gone: "suspended" },
    endpoints: {
      prod: { grafana: "https://prod.x", metrics: "https://cortex.prod.x", logs: "https://loki.prod.x", datadog: "https://dd.prod.x" },
      staging: { metrics: "https://thanos.staging.x" },
      gone: { metrics: "https://cortex.gone.x" },
    },
  },
  signing: { prod: { kid: "prod-1", privateKeyPem }, staging: { kid: "staging-1", privateKeyPem } },
};

test("endpoints that do not answer are a failed proof, never a passed one; suspended tenants are not asked", async () => {
  const proofs = await prove(up, 0);
  expect(proofs.map(({ tenant, ok }) => [tenant, ok])).toEqual([
    ["prod", false],
    ["staging", false],
  ]);
  const texts = proofs[0]?.steps.map((step) => step.text) ?? [];
  expect(texts.map((text) => text.replace(/\(.*\)/, "(why)"))).toEqual([
    "push metric no answer (why)",
    "read back FAILED (why)",
    "push log no answer (why)",
    "read back FAILED (why)",
    "staging's token -> 0",
  ]);
  expect(texts[0]).toContain("ECONNREFUSED");
  expect(proofs.flatMap(({ steps }) => steps.filter((step) => step.ok))).toEqual([]);
});

test("without processes there is nothing to prove", async () => {
  expect(await prove({ ...up, pods: undefined }, 0)).toEqual([]);
});

const good: Proof = { tenant: "staging", ok: true, steps: [{ text: "push metric 200", ok: true, system: "thanos" }] };
const bad: Proof = { tenant: "prod", ok: false, steps: [{ text: "push log 500 (no)", ok: false, system: "loki" }] };

test("a failed proof names the tenant's gateway's log and that of the system that failed, and no other", () => {
  expect(proofFailure(up, [good])).toBeUndefined();
  expect(proofFailure(up, [good, bad])).toContain("  prod: look at /state/logs/prod-tenant/gateway-0.log, /state/logs/loki/loki-0.log");
});

test("the summary shows endpoints at the entry's port, what was answered, and what is simulated", () => {
  const text = summary(up, [good, bad], 12.4);
  expect(text).toContain("3 tenants in 12 s");
  expect(text).toContain("logs     https://loki.prod.x:1/loki/api/v1/push");
  expect(text).toContain("Grafana  https://prod.x:1  (simulated here: 503)");
  expect(text).toContain("\n staging  push metric 200\n");
  expect(text).toContain("\n prod     push log 500 (no)\n");
  expect(text).toContain("'https://cortex.prod.x:1/prometheus/api/v1/query?query=tenantstack_proof'");
  expect(text).toContain("simulated (kwok): datadog-collector, grafana.");
  expect(text).not.toContain(privateKeyPem.slice(40, 80));
});

test("objects only: no port, no proof, and it says that nothing answers", () => {
  const text = summary({ ...up, pods: undefined }, [], 12.4);
  expect(text).toContain("logs     https://loki.prod.x/loki/api/v1/push");
  expect(text).toContain("no endpoint answers");
  expect(text).not.toMatch(/curl|:1\//);
});
