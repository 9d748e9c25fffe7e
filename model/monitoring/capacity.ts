import { distributed, systems } from "../capacity-figures";
import type { Dimension, SystemName } from "../capacity-figures";
import { singleHolds, singleSizes, amount } from "../capacity-single";
import type { Settings } from "../settings";
import type { Recording, RuleGroup } from "./rule";

/**
 * Headroom: what tenants use now against what the running replicas hold, by the figures of the capacity plan. The figures are constants of the
 * size, never of the tenants, so that a new tenant or limit changes no rule.
 */

/** What of the settings the figures depend on. */
export type CapacityFacts = Pick<Settings, "cluster" | "hardware" | "s3">;

/** Dimensions that the rules can measure. */
const measured = ["series", "samples", "megabytes", "streams"] as const satisfies readonly Dimension[];
type Measured = (typeof measured)[number];

/** The use that a dimension is measured by, by the limit that bounds it. */
const limitOf: Readonly<Record<Measured, string>> = {
  series: "metrics.activeSeries",
  samples: "metrics.samplesPerSecond",
  megabytes: "logs.megabytesPerSecond",
  streams: "logs.streams",
};

interface Holds {
  readonly system: SystemName;
  readonly part: string;
  readonly dimension: Measured;
  /** How much one running replica serves. */
  readonly each: number;
}

const isMeasured = (dimension: string): dimension is Measured => (measured as readonly string[]).includes(dimension);

function holdsOf(facts: CapacityFacts): Holds[] {
  if (facts.cluster.size === "single") {
    const hasBucket = facts.hardware === "aws" || facts.s3 !== undefined;
    const part: Readonly<Record<SystemName, string>> = { cortex: "cortex", loki: "loki", thanos: "receive" };
    return systems.flatMap((system) =>
      Object.entries(singleHolds(hasBucket)[system]).flatMap(([dimension, each]) =>
        isMeasured(dimension) ? [{ system, part: part[system], dimension, each }] : [],
      ),
    );
  }
  return systems.flatMap((system) =>
    distributed[system].flatMap(({ name, holds }) =>
      holds.flatMap(({ dimension, each, copies = 1 }) =>
        isMeasured(dimension) ? [{ system, part: name, dimension, each: each / copies }] : [],
      ),
    ),
  );
}

/** The volume of a part that keeps a TSDB, in GiB. */
function volumesOf({ cluster }: CapacityFacts): readonly (readonly [job: string, gib: number])[] {
  if (cluster.size === "single")
    return [
      ["cortex/cortex", amount(singleSizes.cortex.volume)],
      ["thanos/receive", amount(singleSizes.receive.volume)],
    ];
  const volume = (system: SystemName, part: string) => distributed[system].find(({ name }) => name === part)?.pod.volume ?? 0;
  return [
    ["cortex/ingester", volume("cortex", "ingester")],
    ["thanos/receive-ingestor", volume("thanos", "receive-ingestor")],
  ];
}

/** Recording rules of headroom for one size of the cluster. */
export function capacityGroups(facts: CapacityFacts): RuleGroup[] {
  const holds = holdsOf(facts).map(({ system, part, dimension, each }): Recording => ({
    record: "job_dimension:capacity:sum",
    // Rounded: a figure of a plan, and a text that is the same on every machine.
    expr: `${Number(each.toPrecision(4))} * count(up{job="${system}/${part}"} == 1)`,
    labels: { dimension, job: `${system}/${part}`, system },
  }));
  const pairs = new Map(holdsOf(facts).map(({ system, dimension }) => [`${system} ${dimension}`, { system, dimension }]));
  const use = [...pairs.values()].map(({ system, dimension }): Recording => ({
    record: "system_dimension:use:sum",
    expr: `sum(tenant_limit:use:current{system="${system}",limit="${limitOf[dimension]}"})`,
    labels: { dimension, system },
  }));
  const ratio: Recording = {
    record: "job_dimension:capacity_use:ratio",
    expr: "system_dimension:use:sum / on (system, dimension) group_right () job_dimension:capacity:sum",
  };
  const volumes = volumesOf(facts).map(([job, gib]): Recording => ({
    record: "job:volume_bytes:constant",
    expr: `vector(${gib * 2 ** 30})`,
    labels: { job },
  }));
  const used: Recording = {
    record: "pod:disk_use:ratio",
    expr: "pod:disk_bytes:sum / on (job) group_left () job:volume_bytes:constant",
  };
  return [{ name: "capacity", interval: "1m", rules: [...holds, ...use, ratio, ...volumes, used] }];
}
