import type { Command } from "commander";
import path from "node:path";
import { gatewayWords, limitTable } from "../model/describe";
import { readDocument } from "../model/document";
import { valueAt } from "../model/fieldwalk";
import { fileProblem, readText } from "../model/files";
import { loadTenants } from "../model/load";
import { InputError } from "../model/problem";
import { suggest } from "../model/suggest";
import type { Tenant } from "../model/tenant";
import { serviceLevel } from "../model/tiers";
import { keyEnd } from "../model/tokens";
import { root } from "./paths";
import { alignedTable } from "./table";

/** Registers `explain NAME`: one tenant with every default, where each value comes from and who enforces each limit. */
export function register(program: Command): void {
  program
    .command("explain <name>")
    .description("Print a tenant with every default, where each value comes from, and who enforces each limit")
    .option("--folder <folder>", "the folder of tenant files", "tenants")
    .action((name: string, options: { folder: string }) => {
      process.stdout.write(explain(root, options.folder, name));
    });
}

/** The text of `explain`. Throws InputError when the folder has problems or no such tenant. */
export function explain(projectRoot: string, folder: string, name: string): string {
  const tenant = findTenant(projectRoot, folder, name);
  const origin = originOf(projectRoot, tenant);
  const plain = plainRows(tenant).map(([field, value]) => [field, value, origin(field)]);
  const limits = limitTable(tenant).map((row) => [row.field, row.value, origin(row.field), row.enforcedBy.join("; ")]);
  const { gateway, resources, priority } = serviceLevel(tenant);
  const replicas = gateway.max === 1 ? "1 replica" : `${gateway.min} to ${gateway.max} replicas`;
  const service = [
    ["gateway", `${replicas} of ${resources.gateway.requests.cpu} CPU, ${resources.gateway.requests.memory}; ${gatewayWords(tenant)}`],
    ["grafana", `${resources.grafana.requests.cpu} CPU, ${resources.grafana.requests.memory}`],
    ["prometheus", `${resources.prometheus.requests.cpu} CPU, ${resources.prometheus.requests.memory}`],
    ...(tenant.apis.includes("datadog")
      ? [["collector", `${resources.collector.requests.cpu} CPU, ${resources.collector.requests.memory}`]]
      : []),
    ["priority", `${priority.className} (${priority.value})`],
  ];
  return [
    `${tenant.name}: ${tenant.description}  (${tenant.file})`,
    ...(tenant.state === "suspended"
      ? ["SUSPENDED: every endpoint answers 403, nothing is written; the limits below apply again once it is active."]
      : []),
    ...(tenant.state === "retired" ? [`RETIRED: endpoints are gone; data is kept until ${tenant.eraseAfter ?? ""}.`] : []),
    "",
    alignedTable([["field", "value", "from"], ...plain]),
    "",
    alignedTable([["limit", "value", "from", "enforced by (what a client meets there)"], ...limits]),
    "",
    `  level of service of tier ${tenant.tier}`,
    alignedTable(service),
    "",
  ].join("\n");
}

/** The tenant of that name in a folder without problems. */
export function findTenant(projectRoot: string, folder: string, name: string): Tenant {
  const { tenants } = loadTenants(folder, { projectRoot });
  const tenant = tenants.find((candidate) => candidate.name === name);
  if (tenant !== undefined) return tenant;
  const names = tenants.map((candidate) => candidate.name);
  const meant = suggest(name, names);
  const remedy = meant === undefined ? `There are: ${names.join(", ")}` : `Did you mean ${meant}?`;
  throw new InputError([fileProblem(`${folder}/${name}.yaml`, "does not exist", remedy)]);
}

function plainRows(tenant: Tenant): [field: string, value: string][] {
  const [signing = ""] = tenant.keys;
  const end = new Date(keyEnd(signing) * 1000).toISOString().slice(0, 10);
  const { auth } = tenant.grafana;
  return [
    ["owner", tenant.owner],
    ["tier", tenant.tier],
    ["apis", tenant.apis.join(", ")],
    ...(tenant.apis.includes("metrics") ? [["metrics", tenant.metrics] as [string, string]] : []),
    ...(tenant.metrics === "thanos" ? [["querier", tenant.querier] as [string, string]] : []),
    ["domain", tenant.domain ?? "none"],
    ["keys", `${tenant.keys.join(", ")} (${signing} signs, until ${end})`],
    ["revoked", tenant.revoked.length === 0 ? "none" : String(tenant.revoked.length)],
    ["grafana.auth", auth === undefined ? "none" : `${auth.issuer} for ${auth.allowedGroups.join(", ") || "nobody"}`],
    ["state", tenant.state],
    ["storage id", tenant.storageId],
  ];
}

/** Where a field's value comes from: the file where it is written there, else what gave the default. */
function originOf(projectRoot: string, tenant: Tenant): (field: string) => string {
  const source = readText(path.join(projectRoot, tenant.file), tenant.file);
  const written = "text" in source ? readDocument(tenant.file, source.text).value : undefined;
  return (field) => {
    if (field === "storage id") return "ledger";
    if (valueAt(written, field.split(".")) !== undefined) return "file";
    if (field === "limits.queries.lookback") return "retention";
    return /^(limits|retention|service)\./.test(field) ? `tier ${tenant.tier}` : "default";
  };
}
