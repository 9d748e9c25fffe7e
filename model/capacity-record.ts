import type { CapacityPlan, Planned } from "./capacity";

/** What a plan asks for one component: all its replicas together, in cores and GiB. */
export type Amounts = Pick<Planned, "replicas" | "cpu" | "memory" | "volume">;

/** What a plan asks for, as far as an operator must expect something of it. */
export interface Asked {
  readonly nodes: number;
  /** Component -> amounts, for example `cortex ingester`; what runs in the tenants' own namespaces is `tenants gateway` and the like. */
  readonly components: ReadonlyMap<string, Amounts>;
}

/**
 * Stack output `capacity`: component -> `6 pods, 24 CPU, 90 GiB memory, 600 GiB volumes`, and `nodes` -> their number. One line each, since the
 * engine prints outputs.
 */
export type CapacityRecord = Readonly<Record<string, string>>;

/** `cortex ingester`; in size single `cortex` for the one process of it. */
export const componentKey = ({ system, name }: Pick<Planned, "system" | "name">): string => (system === name ? name : `${system} ${name}`);

/** The two parts of a key again. */
export function systemAndName(key: string): [system: string, name: string] {
  const at = key.indexOf(" ");
  return at < 0 ? [key, key] : [key.slice(0, at), key.slice(at + 1)];
}

/** What a plan asks for, components without replicas left out. */
export function askedBy(plan: CapacityPlan): Asked {
  const components = plan.components.filter((one) => one.replicas > 0).map((one) => [componentKey(one), exact(one)] as const);
  return { nodes: plan.totals.nodes, components: new Map(components) };
}

/** To three digits behind the point, as they are written down: what floating point adds is no change. */
function exact({ replicas, cpu, memory, volume }: Amounts): Amounts {
  const three = (value: number) => Math.round(value * 1000) / 1000;
  return { replicas, cpu: three(cpu), memory: three(memory), volume: three(volume) };
}

/** The output that the next run of the program compares with. */
export function capacityRecord(plan: CapacityPlan): CapacityRecord {
  const { nodes, components } = askedBy(plan);
  const line = ({ replicas, cpu, memory, volume }: Amounts) =>
    `${replicas} ${replicas === 1 ? "pod" : "pods"}, ${cpu} CPU, ${memory} GiB memory, ${volume} GiB volumes`;
  return { ...Object.fromEntries([...components].map(([key, amounts]) => [key, line(amounts)])), nodes: String(nodes) };
}

const number = String.raw`(\d+(?:\.\d+)?)`;
const written = new RegExp(`^(\\d+) pods?, ${number} CPU, ${number} GiB memory, ${number} GiB volumes$`);

/** Reads the output again. Undefined where there is none, or one of another form: the stack's last `up` was of another version. */
export function readCapacity(output: unknown): Asked | undefined {
  if (output === null || typeof output !== "object") return undefined;
  const { nodes, ...rest } = output as Record<string, unknown>;
  if (typeof nodes !== "string" || !/^\d+$/.test(nodes)) return undefined;
  const components = new Map<string, Amounts>();
  for (const [key, text] of Object.entries(rest)) {
    const match = typeof text === "string" ? written.exec(text) : null;
    if (match === null) return undefined;
    const [replicas = 0, cpu = 0, memory = 0, volume = 0] = match.slice(1).map(Number);
    components.set(key, { replicas, cpu, memory, volume });
  }
  return { nodes: Number(nodes), components };
}

const none: Amounts = { replicas: 0, cpu: 0, memory: 0, volume: 0 };

/** A component of either side, with what it has before and after. */
export interface CapacityChange {
  readonly key: string;
  readonly now: Amounts;
  readonly after: Amounts;
}

/** Components whose amounts differ, by system in the order of `after`; what it has no more comes last in its system. */
export function capacityChanges(now: Asked, after: Asked): CapacityChange[] {
  const keys = [...new Set([...after.components.keys(), ...now.components.keys()])];
  const systems = [...new Set(keys.map((key) => systemAndName(key)[0]))];
  return systems
    .flatMap((system) => keys.filter((key) => systemAndName(key)[0] === system))
    .map((key) => ({ key, now: now.components.get(key) ?? none, after: after.components.get(key) ?? none }))
    .filter((one) => (["replicas", "cpu", "memory", "volume"] as const).some((field) => one.now[field] !== one.after[field]));
}

/** Replicas of the shared cluster that come and go, a line each: `  cortex ingester: 6 -> 18`. */
export function capacitySteps(now: Asked, after: Asked): string[] {
  return capacityChanges(now, after)
    .filter((one) => !one.key.startsWith("tenants ") && one.now.replicas !== one.after.replicas)
    .map((one) => `  ${one.key}: ${one.now.replicas} -> ${one.after.replicas}`);
}
