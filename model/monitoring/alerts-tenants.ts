import type { Alert } from "./rule";

/** Alerts on one tenant that only the platform's own Prometheus can raise: it reads the stores. */
export const tenantAlerts: readonly Alert[] = [
  {
    alert: "TenantNearLimit",
    expr: "tenant_limit:use:ratio > 0.85",
    for: "15m",
    severity: "warning",
    summary: "A tenant uses nearly all that a limit allows.",
    description: "{{ $labels.tenant }} uses {{ $value | humanizePercentage }} of its limit {{ $labels.limit }}.",
    runbook:
      "Ask the owner (`owner` in the tenant's file) what grew. Raise the limit in the file: `npx tenantstack capacity` says whether the cluster holds it. " +
      "`requests.*` are the gateway's and follow the tier. `queries.parallelism` counts whole queries, which the stores split: waiting ones show as queue length.",
  },
  {
    alert: "TenantSamplesRejected",
    expr: "sum by (tenant, reason) (tenant_reason:rejected_samples:rate5m) > 0",
    for: "15m",
    severity: "warning",
    summary: "Cortex rejects samples of a tenant.",
    description: "{{ $value | humanize }} samples a second of {{ $labels.tenant }} are lost: {{ $labels.reason }}.",
    runbook:
      "`rate_limited`: samplesPerSecond. `per_user_series_limit`: activeSeries. `sample_out_of_order`, `duplicate_sample`, `too_old`: two agents write the same series, or one with a wrong clock. " +
      "The rest are names and values that Cortex does not take.",
  },
  {
    alert: "TenantWritesRejected",
    expr: "sum by (tenant, reason) (tenant_reason:rejected_writes:rate5m) > 0",
    for: "15m",
    severity: "warning",
    summary: "Thanos rejects writes of a tenant.",
    description: "{{ $value | humanize }} writes a second of {{ $labels.tenant }} are answered {{ $labels.reason }}.",
    runbook:
      "413: a request with more than 10,000 series or samples; let the client send smaller ones. 429: activeSeries. 409: samples out of order or duplicate. 5xx: look at the ingestors.",
  },
  {
    alert: "TenantLinesRejected",
    expr: "sum by (tenant, reason) (tenant_reason:rejected_lines:rate5m) > 0",
    for: "15m",
    severity: "warning",
    summary: "Loki rejects lines of a tenant.",
    description: "{{ $value | humanize }} lines a second of {{ $labels.tenant }} are lost: {{ $labels.reason }}.",
    runbook:
      "`rate_limited`: megabytesPerSecond. `stream_limit`: streams; a label with too many values. `per_stream_rate_limit`: one stream above 3 MB/s; split it by a label. `greater_than_max_sample_age`, `too_far_behind`: old lines. " +
      "`line_too_long`: above 256 KB.",
  },
];
