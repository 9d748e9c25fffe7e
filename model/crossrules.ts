import { valueAt } from "./fieldwalk";
import type { Fault, Path } from "./fieldwalk";
import { formatDuration, parseDuration } from "./units";
import { tierDefaults } from "./tiers";
import { tiers } from "./tenant";
import type { Tier } from "./tenant";

/** Thanos keeps data by class, each a compactor of its own; a free choice would cost a compactor per tenant. In days. */
export const thanosRetentionDays = [15, 30, 90, 180, 395, 730] as const;

/** Reads the document as written: a field that is wrong by itself must not hide what is wrong between others. */
class Written {
  public constructor(private readonly input: unknown) {}

  public has(...path: Path): boolean {
    return valueAt(this.input, path) !== undefined;
  }

  public text(...path: Path): string | undefined {
    const value = valueAt(this.input, path);
    return typeof value === "string" ? value : undefined;
  }

  public seconds(...path: Path): number | undefined {
    const parsed = parseDuration(valueAt(this.input, path));
    return "value" in parsed ? parsed.value : undefined;
  }

  /** APIs as written, or the default. */
  public apis(): readonly unknown[] {
    const value = valueAt(this.input, ["apis"]);
    return Array.isArray(value) ? value : ["metrics", "logs"];
  }

  public tier(): Tier {
    return tiers.find((tier) => tier === this.text("tier")) ?? "small";
  }

  public isThanos(): boolean {
    return this.text("metrics") === "thanos";
  }
}

/** Rules between fields. A limit that nothing would enforce is a fault here, not a silent no-op. */
export function crossFaults(input: unknown): Fault[] {
  const file = new Written(input);
  return [...stateFaults(file), ...apiFaults(file), ...thanosFaults(file), ...lookbackFaults(file)];
}

function stateFaults(file: Written): Fault[] {
  const isRetired = file.text("state") === "retired";
  if (isRetired && !file.has("eraseAfter")) {
    const remedy = "Run `tenantstack retire NAME --erase-after YYYY-MM-DD`, which writes both and the ledger";
    return [{ path: ["state"], at: "value", rule: "needs eraseAfter beside it", remedy }];
  }
  if (!isRetired && file.has("eraseAfter")) {
    return [
      {
        path: ["eraseAfter"],
        at: "key",
        rule: "is only for state: retired",
        remedy: "Remove it, or run `tenantstack retire NAME --erase-after YYYY-MM-DD`",
      },
    ];
  }
  return [];
}

function apiFaults(file: Written): Fault[] {
  const apis = file.apis();
  const faults: Fault[] = [];
  for (const api of ["metrics", "logs"] as const) {
    if (apis.includes(api)) continue;
    const unused: Path[] = [["limits", api], ["retention", api], ...(api === "metrics" ? [["metrics"], ["querier"]] : [])];
    for (const path of unused.filter((candidate) => file.has(...candidate))) {
      faults.push({
        path,
        at: "key",
        rule: `has nothing to act on: apis does not list ${api}`,
        remedy: `Add ${api} to apis, or remove this`,
      });
    }
  }
  if (apis.includes("datadog") && !apis.includes("metrics") && !apis.includes("logs")) {
    const rule = "datadog needs metrics, logs or both beside it: they hold what agents send";
    faults.push({ path: ["apis"], at: "value", rule, remedy: "Write apis: [metrics, logs, datadog]" });
  }
  return faults;
}

function thanosFaults(file: Written): Fault[] {
  const faults: Fault[] = [];
  if (file.text("querier") === "dedicated" && !file.isThanos()) {
    faults.push({
      path: ["querier"],
      at: "value",
      rule: "dedicated is only for metrics: thanos",
      remedy: "Write querier: shared, or metrics: thanos for a new tenant",
    });
  }
  if (!file.isThanos()) return faults;
  const kept = file.seconds("retention", "metrics");
  if (kept !== undefined && !thanosRetentionDays.some((days) => days * 86_400 === kept)) {
    const classes = thanosRetentionDays.map((days) => `${days}d`);
    const next = thanosRetentionDays.find((days) => days * 86_400 >= kept) ?? 730;
    faults.push({
      path: ["retention", "metrics"],
      at: "value",
      rule: `must be one of ${classes.join(", ")} with metrics: thanos (Thanos keeps data by class)`,
      remedy: `Write ${next}d`,
    });
  }
  if (file.has("limits", "queries", "lookback") && !file.apis().includes("logs")) {
    const rule = "has no enforcer: Thanos cannot limit how far back a query reaches";
    faults.push({
      path: ["limits", "queries", "lookback"],
      at: "key",
      rule,
      remedy: "Remove it; retention.metrics bounds what there is to read",
    });
  }
  return faults;
}

function lookbackFaults(file: Written): Fault[] {
  const lookback = file.seconds("limits", "queries", "lookback");
  if (lookback === undefined) return [];
  const defaults = tierDefaults[file.tier()].retention;
  const kept = (["metrics", "logs"] as const)
    .filter((api) => file.apis().includes(api))
    .map((api) => file.seconds("retention", api) ?? defaults[api]);
  const longest = Math.max(0, ...kept);
  if (longest === 0 || lookback <= longest) return [];
  const rule = `must not exceed the longest retention, ${formatDuration(longest)}`;
  return [
    { path: ["limits", "queries", "lookback"], at: "value", rule, remedy: `Write ${formatDuration(longest)} or less, or keep data longer` },
  ];
}
