import type { Enforcer } from "./entry";

/** What a client of a tenant meets at one option's bound, after its gateway. */
export interface Answer {
  /** Status of the answer; undefined where nothing is refused. */
  readonly status?: number;
  /** Seconds of the header Retry-After, which comes with every 429: `retryAfterSeconds` says who sets which. */
  readonly retryAfter?: number;
  /** What happens besides, in a few words. */
  readonly words?: string;
}

/** Seconds after which a refused client should come back: the gateway's own refusals, and those of a store, none of which says so itself. */
export const retryAfterSeconds = { gateway: 1, store: 5 } as const;

const store = { status: 429, retryAfter: retryAfterSeconds.store };
const gateway = { status: 429, retryAfter: retryAfterSeconds.gateway };
const waits: Answer = { words: "the rest waits in the queue" };
const fewer: Answer = { words: "work stays on so many instances" };
const perIngester: Answer = { words: "off: a bound per ingester would cut a tenant short where there are few" };
const deleted: Answer = { words: "older data is deleted" };
const leftOut: Answer = { words: "older data is left out of the answer" };
const tooMuch: Answer = { status: 422, words: "the query is refused" };
const badRule: Answer = { status: 400, words: "the rule group is not stored" };
const tooLarge: Answer = { status: 413, words: "the write is lost: as it is, it would never pass" };

/**
 * From the sources of Cortex v1.21.1, Loki v3.7.6, Thanos v0.42.4 and from the gateway's own routes. Options that are not here follow from
 * another of the same field and are never met alone.
 */
const answers: Readonly<Record<Enforcer, Readonly<Record<string, Answer>>>> = {
  cortex: {
    ingestion_rate: store,
    max_global_series_per_user: { ...store, words: "new series only; Cortex' own 400 until the gateway" },
    max_series_per_user: perIngester,
    ingestion_tenant_shard_size: fewer,
    store_gateway_tenant_shard_size: fewer,
    compactor_tenant_shard_size: fewer,
    ruler_tenant_shard_size: fewer,
    max_queriers_per_tenant: waits,
    max_query_parallelism: waits,
    max_outstanding_requests_per_tenant: store,
    max_query_lookback: leftOut,
    compactor_blocks_retention_period: deleted,
    max_fetched_series_per_query: tooMuch,
    max_fetched_chunks_per_query: tooMuch,
    max_fetched_chunk_bytes_per_query: tooMuch,
    max_fetched_data_bytes_per_query: tooMuch,
    max_downloaded_bytes_per_request: tooMuch,
    max_query_response_size: tooMuch,
    ruler_max_rule_groups_per_tenant: badRule,
    ruler_max_rules_per_rule_group: badRule,
    query_priority: { words: "queries of the last six hours go first" },
  },
  loki: {
    ingestion_rate_mb: store,
    per_stream_rate_limit: { ...store, words: "lines of that stream" },
    max_global_streams_per_user: { ...store, words: "new streams only" },
    max_line_size: { status: 400, words: "longer lines are dropped, the rest is kept" },
    retention_period: deleted,
    tsdb_max_query_parallelism: waits,
    max_query_parallelism: waits,
    max_query_lookback: leftOut,
    max_queriers_per_tenant: waits,
    index_gateway_shard_size: fewer,
    ruler_tenant_shard_size: fewer,
    max_query_bytes_read: { status: 400, words: "the query is refused" },
    max_chunks_per_query: { status: 400, words: "the query is refused" },
    max_query_series: { status: 400, words: "the query is refused" },
    max_entries_limit_per_query: { status: 400, words: "the query is refused" },
    max_concurrent_tail_requests: { status: 400, words: "the tail is refused" },
    query_timeout: { status: 504, words: "the query ends" },
    ruler_max_rule_groups_per_tenant: badRule,
    ruler_max_rules_per_rule_group: badRule,
  },
  "thanos-receive": {
    head_series_limit: { ...store, words: "all writes, while the platform's metrics can be asked" },
    "request.samples_limit": tooLarge,
    "request.series_limit": tooLarge,
    "request.size_bytes_limit": tooLarge,
  },
  "thanos-hashring": { "shuffle_sharding_config.shard_size": fewer },
  "thanos-compactor": { "retention.resolution-raw": { words: "older data is deleted, by class" } },
  gateway: {
    "requests.ingest": gateway,
    "requests.query": gateway,
    "requests.manage": gateway,
    "requests.bodyBytes": { status: 413, words: "the write is lost: as it is, it would never pass" },
    queriesAtOnce: gateway,
  },
};

/** What a client meets at an option; undefined for one that is never met alone. */
export function answerTo(enforcer: Enforcer, option: string): Answer | undefined {
  return answers[enforcer][option];
}

/** In one cell: `429, Retry-After 5: new series only`. */
export function answerText({ status, retryAfter, words }: Answer): string {
  const code = status === undefined ? "" : retryAfter === undefined ? String(status) : `${status}, Retry-After ${retryAfter}`;
  return [code, words].filter((part) => part !== undefined && part !== "").join(": ");
}
