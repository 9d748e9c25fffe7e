import { toYaml } from "../../../model/text";
import type { Address } from "../../contracts";
import {
  common,
  listen,
  listenHttp,
  memcachedClient,
  noPages,
  noTenant,
  receiveReplica,
  ruleReplica,
  tenantHeader,
  tenantLabelName,
} from "./flags";

/** Flags: docs/components/query.md and query-frontend.md of Thanos v0.42.4; those of the front end's tenancy are hidden there. */

/** Who may be asked for through a querier: any tenant but only the one of the header, exactly one tenant, or everything (operators). */
export type Tenancy = { readonly kind: "header" } | { readonly kind: "fixed"; readonly tenant: string } | { readonly kind: "none" };

/** A querier. `fixed` also keeps only the stores' TSDBs of that tenant, so even a forged header finds no other tenant's data. */
export function queryArgs(stores: readonly Address[], tenancy: Tenancy): string[] {
  return [
    "query",
    ...common,
    ...listen,
    noPages,
    `--endpoint.sd-config=${endpoints(stores)}`,
    ...[receiveReplica, ruleReplica].map((label) => `--query.replica-label=${label}`),
    "--query.timeout=2m",
    "--query.max-concurrent=20",
    ...tenancyArgs(tenancy),
  ];
}

function tenancyArgs(tenancy: Tenancy): string[] {
  if (tenancy.kind === "none") return [];
  const enforced = [
    `--query.tenant-header=${tenantHeader}`,
    `--query.default-tenant-id=${tenancy.kind === "fixed" ? tenancy.tenant : noTenant}`,
    `--query.tenant-label-name=${tenantLabelName}`,
    "--query.enforce-tenancy",
  ];
  if (tenancy.kind === "header") return enforced;
  const keep = [{ action: "keep", source_labels: [tenantLabelName], regex: tenancy.tenant }];
  return [...enforced, `--selector.relabel-config=${toYaml(keep)}`];
}

/** `dns+` asks DNS again and again, so stores may come and go behind one headless Service. */
function endpoints(stores: readonly Address[]): string {
  return toYaml({ endpoints: stores.map(({ host, port }) => ({ address: `dns+${host}:${port}` })) });
}

/**
 * The front end before one querier: splits long ranges, passes the tenant header on.
 * @param cache keeps parts of answers. Its keys begin with the tenant (`fe:<tenant>:`, pkg/queryfrontend/cache.go), and an answer is compared with
 * the whole key before it is used; ids hold no colon, so no tenant's key is the beginning of another's.
 */
export function frontendArgs(querier: Address, defaultTenant: string, cache?: Address): string[] {
  return [
    "query-frontend",
    ...common,
    listenHttp,
    noPages,
    `--query-frontend.downstream-url=http://${querier.host}:${querier.port}`,
    `--query-frontend.tenant-header=${tenantHeader}`,
    `--query-frontend.default-tenant-id=${defaultTenant}`,
    "--query-range.split-interval=24h",
    "--labels.split-interval=24h",
    ...(cache ? resultsCache(cache) : []),
  ];
}

/** Answers of ranges only. What is younger than ten minutes may still change, since late samples come in. */
function resultsCache(cache: Address): string[] {
  return [
    `--query-range.response-cache-config=${toYaml({ type: "MEMCACHED", config: { ...memcachedClient(cache, 1), expiration: "24h" } })}`,
    "--query-range.response-cache-max-freshness=10m",
    "--cache-compression-type=snappy",
  ];
}
