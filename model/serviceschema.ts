import { z } from "zod";
import { bytes, choice, count, field, number } from "./fields";
import { tiers } from "./tenant";

/** The group `service` of the tenant file: everything that a tier sets besides limits and retention, one tenant at a time. Defaults: `tiers.ts`. */

const group = <T extends z.ZodType>(schema: T, summary: string, remedy: string) =>
  field(schema, { summary, type: "group", rule: "must be a group of values", remedy });

const replicas = { min: 1, max: 50 };
const gateway = group(
  z.strictObject({
    min: number("Replicas of the gateway at least. Two or more survive the loss of a node.", "2", replicas).optional(),
    max: number("Replicas of the gateway at most; an autoscaler moves between the two.", "6", replicas).optional(),
  }),
  "Replicas of the tenant's gateway.",
  "Write service.gateway: {min: 2, max: 6}",
);

const copies = { min: 3, max: 999, step: 3, why: "each series has three copies, one a zone" };
const instances = { min: 1, max: 999 };
const shards = group(
  z.strictObject({
    ingesters: number(
      "Ingesters (Cortex) or receivers (Thanos) that take the tenant's samples. With Cortex only ever shrunk in steps: docs/operations.md.",
      "15",
      copies,
    ).optional(),
    storeGateways: number("Store gateways (Cortex) and index gateways (Loki) that hold the tenant's index.", "6", copies).optional(),
    queriers: number("Queriers that work on the tenant's queries.", "6", instances).optional(),
    rulers: number("Rulers that evaluate the tenant's rules.", "3", instances).optional(),
    compactors: number("Compactors that work on the tenant's blocks (Cortex).", "1", instances).optional(),
  }),
  "How many instances of the shared cluster work for the tenant at most; where there are fewer, all do.",
  "Write service.shards: {ingesters: 15}",
);

const query = group(
  z.strictObject({
    series: count("Series of metrics that one query may touch.", "250k").optional(),
    chunks: count("Chunks that one query may read.", "2M").optional(),
    bytes: bytes("Bytes of chunks that one query of metrics may read; twice of that with its index.", "1G", {
      min: 1e6,
      max: 1e11,
    }).optional(),
    responseBytes: bytes("Bytes that the answer to a query of metrics may have.", "128M", { min: 1e6, max: 1e10 }).optional(),
    logBytes: bytes("Bytes of log lines that one query may read.", "100G", { min: 1e6, max: 1e14 }).optional(),
  }),
  "What one query may touch.",
  "Write service.query: {series: 250k}",
);

const rules = group(
  z.strictObject({
    groups: number("Rule groups that a store keeps for the tenant.", "70", { min: 1, max: 10_000 }).optional(),
    perGroup: number("Rules of one group.", "20", { min: 1, max: 1_000 }).optional(),
  }),
  "How many recording and alerting rules the tenant may have.",
  "Write service.rules: {groups: 70}",
);

const rate = { min: 1, max: 1_000_000 };
const requests = group(
  z.strictObject({
    ingest: number("Writes a second. Not with `metrics: thanos`, where `limits.metrics.samplesPerSecond` says it.", "400", rate).optional(),
    query: number("Queries a second.", "60", rate).optional(),
    manage: number("Other requests a second: rules, alerts, deletes.", "10", rate).optional(),
    bodyBytes: bytes("Bytes of one write's body, as sent.", "8M", { min: 100_000, max: 1e8 }).optional(),
  }),
  "What the gateway lets through, over all its replicas.",
  "Write service.requests: {query: 60}",
);

export const service = field(
  z.strictObject({
    gateway: gateway.optional(),
    priority: choice(
      tiers,
      "The priority class of the tenant's pods: when a node is short, small ones give way first. Default: the tier's.",
    ).optional(),
    shards: shards.optional(),
    query: query.optional(),
    rules: rules.optional(),
    requests: requests.optional(),
  }),
  {
    summary: "What the tier sets besides limits and retention, for this tenant alone.",
    type: "group",
    rule: "must be a group of values",
    remedy: "Write service: {gateway: {min: 2, max: 6}}",
  },
);
