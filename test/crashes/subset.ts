/** The engine's mark of an encrypted value in its state. */
const secretMark = "4dabf18193072939515e22adb298388d";

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Whether everything that was declared is in the live object; else where it is not, with both values. Encrypted values cannot be compared, and what the
 * API server adds does not matter.
 */
export function isSubset(declared: unknown, live: unknown, at = ""): string | undefined {
  if (isRecord(declared)) {
    if (secretMark in declared) return undefined;
    if (!isRecord(live)) return empty(declared) ? undefined : `${at}: ${JSON.stringify(live)} instead of ${JSON.stringify(declared)}`;
    return first(
      Object.entries(declared).map(
        ([key, value]) =>
          () =>
            isSubset(value, live[key], at === "" ? key : `${at}.${key}`),
      ),
    );
  }
  if (Array.isArray(declared)) {
    if (!Array.isArray(live) || live.length !== declared.length)
      return empty(declared) && live === undefined ? undefined : `${at}: ${JSON.stringify(live)} instead of ${JSON.stringify(declared)}`;
    return first(declared.map((value, index) => () => isSubset(value, live[index], `${at}[${index}]`)));
  }
  if (declared === live || amount(declared) === amount(live)) return undefined;
  return `${at}: ${JSON.stringify(live)} instead of ${JSON.stringify(declared)}`;
}

const empty = (value: object): boolean => Object.keys(value).length === 0;

function first(checks: readonly (() => string | undefined)[]): string | undefined {
  for (const check of checks) {
    const found = check();
    if (found !== undefined) return found;
  }
  return undefined;
}

const units: Readonly<Record<string, number>> = {
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** A Kubernetes quantity as a number: the API server writes `1000m` as `1`. Any other value as it is. */
function amount(value: unknown): unknown {
  const parts = /^(\d+(?:\.\d+)?)(m|k|M|G|Ki|Mi|Gi|Ti|)$/.exec(typeof value === "number" || typeof value === "string" ? String(value) : "");
  return parts === null ? (value ?? "") : Number(parts[1]) * (units[parts[2] ?? ""] ?? 1);
}
