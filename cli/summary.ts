import type { Up } from "./local";
import { shown } from "./paths";

interface Endpoints {
  readonly grafana?: string;
  readonly metrics?: string;
  readonly logs?: string;
  readonly datadog?: string;
}

/** What `npm start` prints at the end: each tenant with its endpoints, and the commands that look further. */
export function summary(up: Up, seconds: number): string {
  const states = (up.outputs.tenants ?? {}) as Record<string, string>;
  const endpoints = (up.outputs.endpoints ?? {}) as Record<string, Endpoints>;
  const names = Object.keys(states).sort();
  const width = Math.max(8, ...names.map((n) => n.length));
  const lines = names.flatMap((name) => {
    const state = states[name] === "active" ? "" : `  (${states[name]})`;
    const rows = rowsOf(endpoints[name] ?? {});
    const [first = "no endpoints", ...rest] = rows;
    return [` ${name.padEnd(width)}  ${first}${state}`, ...rest.map((row) => ` ${"".padEnd(width)}  ${row}`)];
  });
  const example = names.find((n) => states[n] === "active" && n !== "system") ?? names[0] ?? "prod";
  const context = up.context === undefined ? "" : ` --context ${up.context}`;
  const kubectl =
    up.embedded === undefined
      ? `kubectl${context}`
      : `${up.kubectl.endsWith("/kubectl") && !up.kubectl.startsWith("/usr") ? up.kubectl : "kubectl"} --kubeconfig ${shown(up.kubeconfig)}`;
  const where = up.embedded === undefined ? "on your cluster" : `on the embedded cluster (${up.embedded.server})`;
  return [
    `Stack dev is up ${where}: ${names.length} tenants in ${Math.round(seconds)} s.`,
    "",
    ...lines,
    "",
    ` Look:   ${kubectl} get all -n ${example}-tenant`,
    ` Token:  npx tenantstack token ${example} --scope metrics:write${context}`,
    ` Next:   npx tenantstack new shop && npm start${context === "" ? "" : ` --${context}`}`,
    ...(up.embedded === undefined
      ? []
      : [
          " Stop:   npm stop  (npm run reset forgets everything)",
          " Pods are simulated (kwok): the API server and every object are real, but no container runs and no endpoint answers.",
        ]),
  ].join("\n");
}

function rowsOf(e: Endpoints): string[] {
  const push = e.metrics?.includes("//thanos.") ? "/api/v1/receive" : "/api/v1/push";
  const rows: [string, string | undefined][] = [
    ["Grafana", e.grafana],
    ["metrics", e.metrics && `${e.metrics}${push}`],
    ["logs", e.logs && `${e.logs}/loki/api/v1/push`],
    ["Datadog", e.datadog],
  ];
  return rows.filter(([, url]) => url !== undefined).map(([label, url]) => `${label.padEnd(8)} ${url}`);
}
