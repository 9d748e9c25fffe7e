import { gossipPort } from "./config-distributed";

/** A part of Cortex in size distributed: a target of the one program. What it may reach is in arrows.ts. */
export interface Part {
  /**
   * Deployment: nothing to keep. `quorum`: a volume and a zone of its own each, one copy in every zone. `scratch`: a volume to work on, in
   * no quorum.
   */
  readonly kind: "deployment" | "quorum" | "scratch";
  /** Seconds to end: hand over, flush, or answer what is under way. */
  readonly graceSeconds: number;
  /** Longest start in seconds. Default 300: nobody needs another part to start, but to be ready. */
  readonly startupSeconds?: number;
  /** Takes part in the gossip of rings. */
  readonly gossips: boolean;
  /** Reads or writes the bucket: its pods run under the account that may, and nobody else's do. */
  readonly usesBucket: boolean;
  /** Behind a Service: goes on while clients learn that it goes. */
  readonly drains?: boolean;
  /** A folder for working files, in place of a volume. */
  readonly workingFolder?: boolean;
  readonly args: readonly string[];
}

const target = (name: string, ...more: readonly string[]) => ({ args: [`-target=${name}`, ...more] });

/** A query may take two minutes. */
const queryGrace = 180;
const member = { gossips: true, usesBucket: true } as const;
const alone = { gossips: false, usesBucket: false } as const;

/** All of them, by the name of their workload; replicas and resources are the capacity plan's. Grace: docs/guides of Cortex, cortex-jsonnet. */
export const parts = {
  distributor: { ...target("distributor"), kind: "deployment", graceSeconds: 60, gossips: true, usesBucket: false, drains: true },
  // Replays its log at the start, as long as it takes; flushes and ships nothing at the end, but may have to write much to its volume.
  ingester: { ...target("ingester"), ...member, kind: "quorum", graceSeconds: 1200, startupSeconds: 3600 },
  querier: { ...target("querier"), ...member, kind: "deployment", graceSeconds: queryGrace, workingFolder: true },
  // Reads across tenants (`X-Scope-OrgID: a|b`), so it takes no work from the scheduler and nobody may ask it but operators.
  "query-operators": {
    ...target("querier", "-tenant-federation.enabled=true", "-querier.scheduler-address="),
    ...member,
    kind: "deployment",
    graceSeconds: queryGrace,
    workingFolder: true,
  },
  "query-frontend": { ...target("query-frontend"), ...alone, kind: "deployment", graceSeconds: queryGrace, drains: true },
  "query-scheduler": { ...target("query-scheduler"), ...alone, kind: "deployment", graceSeconds: queryGrace },
  // Waits up to 5 min for a stable ring, then reads the headers of its blocks.
  "store-gateway": { ...target("store-gateway"), ...member, kind: "quorum", graceSeconds: 120, startupSeconds: 3600 },
  // The purger only answers: it marks a tenant whose data compactors are to delete, and says whether that is done (`tenantstack erase`).
  compactor: { ...target("compactor,purger"), ...member, kind: "scratch", graceSeconds: 900, startupSeconds: 600 },
  ruler: { ...target("ruler"), ...member, kind: "deployment", graceSeconds: 600, drains: true, workingFolder: true },
  alertmanager: { ...target("alertmanager"), ...member, kind: "quorum", graceSeconds: 900, startupSeconds: 600, drains: true },
  "overrides-exporter": { ...target("overrides-exporter"), ...alone, kind: "deployment", graceSeconds: 30 },
} as const satisfies Readonly<Record<string, Part>>;

export type PartName = keyof typeof parts;
export const partNames = Object.keys(parts) as PartName[];

/** Label of the pods that gossip, by which they find one another. */
export const gossipLabel = { "tenantstack.dev/gossip": "cortex" } as const;
export const gossipPorts = { gossip: gossipPort } as const;
