import type { Up } from "./local";
import { shown } from "./paths";
import { logsOf, type Endpoints, type Proof } from "./proof";

/** What `npm start` prints at the end: each tenant with its endpoints, what they answered, and the commands that look further. */
export function summary(up: Up, proofs: readonly Proof[], seconds: number): string {
  const states = (up.outputs["tenants"] ?? {}) as Record<string, string>;
  const endpoints = (up.outputs["endpoints"] ?? {}) as Record<string, Endpoints>;
  const names = Object.keys(states).sort();
  const width = Math.max(8, ...names.map((n) => n.length));
  const lines = names.flatMap((name) => {
    const state = states[name] === "active" ? "" : `  (${states[name]})`;
    const rows = rowsOf(endpoints[name] ?? {}, up);
    const [first = "no endpoints", ...rest] = rows;
    return [` ${name.padEnd(width)}  ${first}${state}`, ...rest.map((row) => ` ${"".padEnd(width)}  ${row}`)];
  });
  const example = names.find((n) => states[n] === "active" && n !== "system") ?? names[0] ?? "prod";
  const context = up.context === undefined ? "" : ` --context ${up.context}`;
  const where = up.embedded === undefined ? "on your cluster" : `on the embedded cluster (${up.embedded.server})`;
  return [
    `Stack dev is up ${where}: ${names.length} tenants in ${Math.round(seconds)} s.`,
    "",
    ...lines,
    "",
    ...proofLines(proofs, width),
    ` Look:   ${kubectlOf(up)} get all -n ${example}-tenant`,
    ` Token:  npx tenantstack token ${example} --scope metrics:write${context}`,
    ...curlLines(up, proofs, example),
    ` Next:   npx tenantstack new shop && npm start${context === "" ? "" : ` --${context}`}`,
    ...(up.embedded === undefined ? [] : [" Stop:   npm stop  (npm run reset forgets everything)", ...whatIsReal(up)]),
  ].join("\n");
}

function kubectlOf(up: Up): string {
  if (up.embedded === undefined) return `kubectl${up.context === undefined ? "" : ` --context ${up.context}`}`;
  const own = up.kubectl.endsWith("/kubectl") && !up.kubectl.startsWith("/usr");
  return `${own ? up.kubectl : "kubectl"} --kubeconfig ${shown(up.kubeconfig)}`;
}

/** What was really answered, a line a tenant. */
function proofLines(proofs: readonly Proof[], width: number): string[] {
  if (proofs.length === 0) return [];
  return [...proofs.map(({ tenant, steps }) => ` ${tenant.padEnd(width)} ${steps.map(({ text }) => text).join("   ")}`), ""];
}

/** Tenants whose proof failed, with the logs to look at; undefined where all is well. */
export function proofFailure(up: Up, proofs: readonly Proof[]): string | undefined {
  const failed = proofs.filter((proof) => !proof.ok);
  if (failed.length === 0) return undefined;
  const lines = failed.map((proof) => `  ${proof.tenant}: look at ${logsOf(proof, up).map(shown).join(", ")}`);
  return ["The endpoints of these tenants did not answer as they should; what they answered is above.", ...lines].join("\n");
}

/** A request that a person can repeat. */
function curlLines(up: Up, proofs: readonly Proof[], example: string): string[] {
  const base = ((up.outputs["endpoints"] ?? {}) as Record<string, Endpoints>)[example]?.metrics;
  if (proofs.length === 0 || base === undefined || up.authority === undefined) return [];
  const prefix = base.includes("//thanos.") ? "" : "/prometheus";
  return [
    ` Try:    curl --cacert ${shown(up.authority)} -H "Authorization: Bearer $(npx tenantstack token ${example} --scope metrics:read)" \\`,
    `           '${atEntry(base, up)}${prefix}/api/v1/query?query=tenantstack_proof'`,
  ];
}

function whatIsReal({ pods }: Up): string[] {
  if (pods === undefined)
    return [" Pods are simulated (kwok): the API server and every object are real, but no container runs and no endpoint answers."];
  const simulated = pods.leftOut.length === 0 ? "" : `; simulated (kwok): ${pods.leftOut.join(", ")}`;
  return [` Real, as processes on loopback: gateways, Cortex, Loki, Thanos and an S3 server${simulated}.`];
}

/** A public URL as it is reached on this machine: the entry has a port of its own. */
function atEntry(url: string, { pods }: Up): string {
  return pods === undefined ? url : `${url}:${pods.entry.port}`;
}

function rowsOf(e: Endpoints, up: Up): string[] {
  const push = e.metrics?.includes("//thanos.") ? "/api/v1/receive" : "/api/v1/push";
  const at = (url: string | undefined, path = "") => url && `${atEntry(url, up)}${path}`;
  const rows: [string, string | undefined, string?][] = [
    ["Grafana", at(e.grafana), "grafana"],
    ["metrics", at(e.metrics, push)],
    ["logs", at(e.logs, "/loki/api/v1/push")],
    ["Datadog", at(e.datadog), "datadog-collector"],
  ];
  return rows.flatMap(([label, url, part]) => {
    const isSimulated = part !== undefined && up.pods?.leftOut.includes(part) === true;
    return url === undefined ? [] : [`${label.padEnd(8)} ${url}${isSimulated ? "  (simulated here: 503)" : ""}`];
  });
}
