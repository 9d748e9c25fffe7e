import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { stringify } from "yaml";
import { loadTenants } from "../../model/load";
import { hostNames, apiHosts } from "../../model/hosts";
import { renderLedger, type LedgerEntry } from "../../model/ledger";
import { tenantNameProblem } from "../../model/names";
import { formatDuration, formatQuantity, parseDuration, parseQuantity } from "../../model/units";
import { compare, recordProgram, type Recorded, type Recording } from "../../planning";
import { randomFor, seed, type Random } from "./random";

/** What holds for the objects of any set of tenants, whatever their files look like: the whole program under mocks, over sets that a seed makes. */
const sets = 12;
const root = fs.mkdtempSync(path.join(os.tmpdir(), "tenantstack-properties-"));
afterAll(() => fs.rmSync(root, { recursive: true, force: true }));

type Values = Readonly<Record<string, unknown>>;
interface TenantSet {
  readonly tenants: Readonly<Record<string, Values>>;
  readonly ledger: readonly LedgerEntry[];
}

/** Names as near to each other as they may be: prefixes, hyphens, what the program adds to names, and the longest. */
const near = [
  ...[
    "a1",
    "a1-b",
    "a1b",
    "a-1",
    "a-1-b",
    "a1-tenant",
    "a1-tenant-tenant",
    "tenant",
    "a1-2",
    "a12",
    "aa1",
    "a1-gateway",
    "a1-gateway-routes",
    "gateway",
  ],
  ...[
    "a1-cortex",
    "cortex-a1",
    "loki-a1",
    "thanos-a1",
    "a1-system",
    "grafana",
    "prometheus",
    "a1-grafana",
    "a1-prometheus",
    "platform-logs",
    "dd",
    "no",
    "on",
  ],
  ...[
    "observability",
    "kube-system",
    "monitoring",
    "limits",
    "a1-limits",
    "querier",
    "a1-querier",
    "x".repeat(30),
    `${"x".repeat(29)}y`,
    `${"x".repeat(28)}-y`,
    "null",
    "true",
  ],
].filter((name) => tenantNameProblem(name) === undefined);

function makeSet(random: Random): TenantSet {
  const names = random.shuffled(near).slice(0, 3 + random.below(5));
  const ledger: LedgerEntry[] = [];
  const tenants: Record<string, Values> = { system: plain(random) };
  for (const name of names) {
    // A successor stores under NAME--2.
    if (random.chance(0.3)) ledger.push({ ...retired, name, storageId: name });
    tenants[name] = { ...plain(random), ...(random.chance(0.3) && { domain: `${name}.metrics.example` }), ...more(random) };
  }
  return { tenants, ledger };
}

const retired: Omit<LedgerEntry, "name" | "storageId"> = {
  metrics: "cortex",
  apis: ["logs", "metrics"],
  retention: { metrics: 30 * 86_400, logs: 7 * 86_400 },
  retired: "2026-11-01",
  eraseAfter: "2027-01-31",
};

const plain = (random: Random): Values => ({ owner: "a@example.com", description: `Tenant ${random.below(1000)}`, keys: ["2026-11"] });

/** Kinds of tenant that declare different objects. */
function more(random: Random): Values {
  return {
    // Of the smallest tier a cluster of one process holds as many as there are here.
    tier: "small",
    ...random.pick<Values>([
      {},
      { metrics: "thanos" },
      { metrics: "thanos", querier: "dedicated" },
      { apis: ["logs"] },
      { apis: ["metrics"] },
      { apis: ["metrics", "logs", "datadog"] },
      { state: "suspended" },
    ]),
    ...(random.chance(0.4) && {
      grafana: { auth: { issuer: "https://login.example.com/", clientId: "grafana", allowedGroups: ["b", "a"] } },
    }),
    ...(random.chance(0.3) && { service: { requests: { query: 90, bodyBytes: 4_000_000 } } }),
    ...(random.chance(0.3) && { limits: { queries: { parallelism: 12, lookback: "24h" } } }),
  };
}

/** A value as somebody else would write it. */
function respelled(key: string, value: unknown, random: Random): unknown {
  if (key === "lookback") return random.pick(["1d", "24h", "1440m"]);
  if (typeof value !== "number") return value;
  return random.pick([value, String(value), `${value / 1000}k`, ...(value >= 1000 ? [formatQuantity(value)] : [])]);
}

/** The same tenants in other words: keys and lists whose order means nothing in another order, quantities in another spelling. */
function reworded(value: unknown, random: Random, key = ""): unknown {
  if (Array.isArray(value)) return key === "keys" ? value : random.shuffled(value as unknown[]);
  if (typeof value !== "object" || value === null) return respelled(key, value, random);
  return Object.fromEntries(random.shuffled(Object.entries(value)).map(([name, one]) => [name, reworded(one, random, name)]));
}

let count = 0;
function folder({ tenants, ledger }: TenantSet): string {
  const dir = path.join(root, `set-${count++}`);
  fs.mkdirSync(dir);
  for (const [name, values] of Object.entries(tenants)) fs.writeFileSync(path.join(dir, `${name}.yaml`), stringify(values));
  fs.writeFileSync(path.join(dir, ".ledger.yaml"), renderLedger(ledger));
  return dir;
}

const secrets = { "tenantstack:grafanaClientSecrets": JSON.stringify(Object.fromEntries(near.map((name) => [name, `s3cr3t-of-${name}`]))) };
const recorded: { readonly set: TenantSet; readonly recording: Recording }[] = [];
beforeAll(async () => {
  const random = randomFor("sets");
  for (let i = 0; i < sets; i++) {
    const set = makeSet(random);
    recorded.push({ set, recording: await recordProgram(folder(set), { config: secrets }) });
  }
}, 240_000);

const kubernetes = (r: Recording) => r.resources.filter((x) => x.type.startsWith("kubernetes:") && !x.type.endsWith(":Provider"));
const metadata = (x: Recorded) => (x.inputs.metadata ?? {}) as { name?: string; namespace?: string };
/** What a set is, for a report that can be tried again. */
const where = (set: TenantSet) => `TENANTSTACK_SEED=${seed}: ${JSON.stringify(set)}`;

test("order of files and keys, and spellings of quantities, change no object", async () => {
  const random = randomFor("reworded");
  for (const { set, recording } of recorded.slice(0, 6)) {
    const other: TenantSet = {
      tenants: Object.fromEntries(
        random.shuffled(Object.entries(set.tenants)).map(([name, values]) => [name, reworded(values, random) as Values]),
      ),
      ledger: random.shuffled(set.ledger),
    };
    expect([where(other), compare(recording, await recordProgram(folder(other), { config: secrets }))]).toEqual([where(other), []]);
  }
}, 120_000);

test("every object of a tenant carries its tenant, in its own name and in its namespace or name in the cluster", () => {
  for (const { set, recording } of recorded) {
    const stacks = recording.resources.filter((x) => x.type.endsWith(":TenantStack"));
    expect(stacks.map((x) => x.name).sort()).toEqual(Object.keys(set.tenants).sort());
    for (const x of recording.resources.filter((r) => r.urn.includes("TenantStack$"))) {
      const tenant = stacks.find((stack) => x.parent.endsWith(`::${stack.name}`))?.name ?? "no tenant";
      expect([where(set), x.urn, x.name.startsWith(`${tenant}/`)]).toEqual([where(set), x.urn, true]);
      if (!x.type.startsWith("kubernetes:")) continue;
      const { name = "", namespace } = metadata(x);
      const carries = namespace === `${tenant}-tenant` || name.split(/[^a-z0-9-]/).some((part) => part === tenant || part.includes(tenant));
      expect([where(set), x.urn, namespace, name, carries]).toEqual([where(set), x.urn, namespace, name, true]);
    }
  }
});

test("no two objects have one name in the cluster, and no two tenants one namespace, host, Service or storage id", () => {
  for (const { set, recording } of recorded) {
    const places = kubernetes(recording).map((x) => `${x.type} ${metadata(x).namespace ?? ""}/${metadata(x).name ?? ""}`);
    expect([where(set), places.filter((place, index) => places.indexOf(place) !== index)]).toEqual([where(set), []]);
    const { tenants } = loadTenants(folder(set), { projectRoot: root, zone: "obs.localhost" });
    const claims = tenants.flatMap((tenant) => {
      const hosts = [...apiHosts, "grafana" as const].flatMap((kind) => {
        const { public: names, internal } = hostNames(tenant, "obs.localhost", kind);
        return [...names, ...internal];
      });
      return [...new Set([`id ${tenant.storageId}`, `namespace ${tenant.name}-tenant`, ...hosts])].map(
        (claim) => [claim, tenant.name] as const,
      );
    });
    const owners = new Map<string, string[]>();
    for (const [claim, name] of claims) owners.set(claim, [...(owners.get(claim) ?? []), name]);
    expect([where(set), [...owners].filter(([, names]) => names.length > 1)]).toEqual([where(set), []]);
    // And none is an object of the shared systems.
    const shared = kubernetes(recording).filter((x) => !x.urn.includes("TenantStack$") && x.type.endsWith(":Namespace"));
    expect([where(set), shared.map((x) => metadata(x).name).filter((name) => owners.has(`namespace ${name}`))]).toEqual([where(set), []]);
  }
});

test("storage ids are in the limits of the stores, each once, successors' among them", () => {
  for (const { set, recording } of recorded) {
    const successors = set.ledger.map((entry) => `${entry.name}--2`);
    const limits = JSON.stringify(recording.resources.filter((x) => /\/limits/.test(x.name)).map((x) => x.inputs));
    for (const id of successors) expect([where(set), id, limits.includes(id)]).toEqual([where(set), id, true]);
  }
});

test("secrets are in Secrets only, and marked as secret there", () => {
  const mark = "4dabf18193072939515e22adb298388d";
  const isSecret = (text: string) =>
    [text, Buffer.from(text, "base64").toString()].some((one) => /PRIVATE KEY|eyJ[\w-]{10,}\.eyJ|s3cr3t-of/.test(one));
  let seen = 0;
  for (const { set, recording } of recorded)
    for (const x of kubernetes(recording)) {
      const found = stringsOf(x.inputs).filter(isSecret).length;
      seen += found;
      expect([where(set), x.urn, found > 0 && !x.type.endsWith(":Secret")]).toEqual([where(set), x.urn, false]);
      if (found > 0) expect([x.urn, JSON.stringify(x.inputs.data).includes(mark)]).toEqual([x.urn, true]);
    }
  expect(seen).toBeGreaterThan(sets * 3);
  const all = recorded.map(({ recording }) =>
    Buffer.from(
      JSON.stringify(recording.resources.map((x) => stringsOf(x.inputs).map((one) => Buffer.from(one, "base64").toString()))),
    ).toString(),
  );
  expect(all.some((text) => text.includes("s3cr3t-of"))).toBe(true);
});

function stringsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return value !== null && typeof value === "object" ? Object.values(value).flatMap(stringsOf) : [];
}

test("a quantity and a duration read back from every spelling", () => {
  const random = randomFor("quantities");
  const spellings = (value: number) => [
    String(value),
    value,
    `${value / 1e3}k`,
    `${value / 1e6}M`,
    `${value / 1e9}G`,
    formatQuantity(value),
  ];
  for (let i = 0; i < 2000; i++) {
    const value = Math.ceil(random.next() * 10 ** random.below(6)) * 1000;
    for (const spelling of spellings(value)) {
      // Six digits behind the dot are all that is read, and numbers below a millionth have none.
      if (/\.\d{7}|e/.test(String(spelling))) continue;
      expect([seed, spelling, parseQuantity(spelling)]).toEqual([seed, spelling, { value }]);
    }
    const seconds = 60 * (1 + random.below(1e6));
    expect([seed, parseDuration(formatDuration(seconds)), parseDuration(`${seconds / 60}m`)]).toEqual([
      seed,
      { value: seconds },
      { value: seconds },
    ]);
  }
  expect(["500k", 500_000, "500000", "0.5M", "0.0005G"].map(parseQuantity)).toEqual(Array(5).fill({ value: 500_000 }));
});
