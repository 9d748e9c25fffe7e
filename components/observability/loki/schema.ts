/** One period of the index: what is written from its first day on is found by its schema for ever. */
export interface SchemaPeriod {
  /** First day, UTC, `YYYY-MM-DD`. */
  readonly from: string;
  readonly store: "tsdb";
  readonly schema: "v13";
  /** Tables of the index: the name before their number, and how long each lasts. */
  readonly index: { readonly prefix: string; readonly period: "24h" };
}

/**
 * All periods, oldest first. Append-only: data is found by the period of its day, so an entry that was ever deployed never changes and never goes.
 * A new one starts on a day that is still to come everywhere. https://grafana.com/docs/loki/latest/operations/storage/schema/
 */
export const schemaPeriods: readonly SchemaPeriod[] = [
  { from: "2024-04-01", store: "tsdb", schema: "v13", index: { prefix: "index_", period: "24h" } },
];
