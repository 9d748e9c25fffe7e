import { parse } from "yaml";
import { renderLedger, type LedgerEntry } from "../../model/ledger";
import { entriesOf } from "./tree";

/** Good tenant files that use every field between them; `tenants.test.ts` proves both. All are of tenant `prod`. */
const texts = {
  cortex: `
owner: shop-platform@example.com
description: Production of the shop
tier: medium
metrics: cortex
apis: [metrics, logs, datadog]
limits:
  metrics: {activeSeries: 500k, samplesPerSecond: 25k}
  logs: {megabytesPerSecond: 2.5, streams: 5k}
  queries: {parallelism: 16, lookback: 90d}
service:
  gateway: {min: 2, max: 6}
  priority: large
  shards: {ingesters: 15, storeGateways: 6, queriers: 6, rulers: 3, compactors: 1}
  query: {series: 250k, chunks: 2M, bytes: 1G, responseBytes: 128M, logBytes: 100G}
  rules: {groups: 70, perGroup: 20}
  requests: {ingest: 4000, query: 60, manage: 10, bodyBytes: 8M}
retention: {metrics: 395d, logs: 30d}
querier: shared
domain: metrics.shop.example
keys: [2026-11, 2026-05]
revoked: [7f9c2ba4, lost-laptop.2]
grafana: {auth: {issuer: "https://login.example.com/", clientId: grafana-prod, allowedGroups: [shop, shop-ops]}}
state: suspended
`,
  thanos: `
owner: ops@example.com
description: "Metrics in Thanos; a # and a : in its text"
tier: large
metrics: thanos
apis: [metrics, logs]
limits: {metrics: {activeSeries: 1.5M, samplesPerSecond: 25000}, queries: {lookback: 720h}}
service: {query: {series: 1M}, requests: {query: 200, bodyBytes: 4M}}
retention: {metrics: 180d}
querier: dedicated
keys: [2026-11]
`,
  retired: `
owner: shop-platform@example.com
description: Left in autumn
keys: [2026-11]
state: retired
eraseAfter: 2027-01-31
`,
  adopting: `
owner: shop-platform@example.com
description: Came back
apis: [logs]
limits: {logs: {streams: 2k}}
adopt: true
keys: [2026-12]
`,
  smallest: `
owner: a@example.com
description: Ünïcode — and more
keys: [2026-11]
`,
};

/** What prod was before; the file `adopting` takes its data, and `retired` is its record. */
const before: LedgerEntry = {
  name: "prod",
  storageId: "prod",
  metrics: "cortex",
  apis: ["logs", "metrics"],
  retention: { metrics: 395 * 86_400, logs: 30 * 86_400 },
  retired: "2026-11-01",
  eraseAfter: "2027-01-31",
};
const ledger = renderLedger([before]);

/** The ledger beside a seed, as the loader reads it. */
export function ledgerOf(name: string): readonly LedgerEntry[] {
  return besides[name]?.[".ledger.yaml"] === undefined ? [] : [before];
}

/** Thanos needs the platform's tenant beside it. */
const system = "owner: a@example.com\ndescription: The platform\nkeys: [2026-11]\n";

/** What lies beside each in its folder. */
const besides: Readonly<Partial<Record<string, Readonly<Record<string, string>>>>> = {
  thanos: { "system.yaml": system },
  retired: { ".ledger.yaml": ledger },
  adopting: { ".ledger.yaml": ledger },
};

export const seeds = Object.entries(texts).map(([name, text]) => ({
  name,
  entries: entriesOf(parse(text) as Record<string, unknown>),
  beside: besides[name] ?? {},
}));

export type Seed = (typeof seeds)[number];
