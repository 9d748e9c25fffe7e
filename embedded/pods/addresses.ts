import { randomInt } from "node:crypto";
import { z } from "zod";
import { privateFile, readJson } from "../supervise/files";
import type { PodsLayout } from "./layout";
import { listeners } from "./sockets";

/** Where the pods of a state folder are found; kept from start to start. */
export interface Places {
  /** First three numbers of the block: `127.31.7`. Linux gives all of 127.0.0.0/8 as loopback, so each folder takes 256 addresses for itself. */
  readonly block: string;
  /** Last number of the address by pod (`cortex/cortex-0`). */
  readonly hosts: Readonly<Record<string, number>>;
  /** Port of 127.0.0.1 by which people reach tenants. */
  readonly entryPort?: number | undefined;
}

const schema = z.object({
  block: z.string().regex(/^127\.\d{1,3}\.\d{1,3}$/),
  hosts: z.record(z.string(), z.int().min(2).max(253)),
  entryPort: z.int().min(1).max(65_535).optional(),
});

/** Host numbers with a meaning of their own: the S3 server, and an address where nobody ever listens. */
const reserved = { s3: 1, nobody: 254 } as const;
const [first, last] = [2, 253];

/** The address of a host number of the block. */
const at = (places: Pick<Places, "block">, host: number): string => `${places.block}.${host}`;

/** Address of the S3 server. */
export const s3Address = (places: Pick<Places, "block">): string => at(places, reserved.s3);
/** Stands for Services whose pods do not run here: a connection is refused at once. */
export const nobodyAddress = (places: Pick<Places, "block">): string => at(places, reserved.nobody);
/** Address of a pod that has one. */
export function podAddress(places: Places, pod: string): string {
  const host = places.hosts[pod];
  if (host === undefined) throw new Error(`${pod} has no address`);
  return at(places, host);
}

/** What the file says; undefined where there is none or where it is damaged. */
export function readPlaces(layout: PodsLayout): Places | undefined {
  const parsed = schema.safeParse(readJson(layout.state));
  return parsed.success ? parsed.data : undefined;
}

export function writePlaces(layout: PodsLayout, places: Places): Places {
  privateFile(layout.state, `${JSON.stringify(places, null, 2)}\n`);
  return places;
}

/** Whether nobody listens in a block. */
function isFree(block: string): boolean {
  return !listeners().some((one) => one.address.startsWith(`${block}.`));
}

/**
 * The block of this folder: that of the last start, unless nothing of ours runs and a stranger (another state folder, most likely) listens in it.
 * @param running whether any process of this folder lives: then the listeners are its own.
 */
export function ensurePlaces(layout: PodsLayout, running: boolean, moved: (block: string) => void): Places {
  const known = readPlaces(layout);
  if (known !== undefined && (running || isFree(known.block))) return known;
  for (let tries = 0; tries < 50; tries += 1) {
    // 127.0 is where other programs listen.
    const block = `127.${randomInt(1, 255)}.${randomInt(0, 256)}`;
    if (!isFree(block)) continue;
    if (known !== undefined) moved(block);
    return writePlaces(layout, { hosts: {}, ...known, block });
  }
  throw new Error("every block of 127.0.0.0/8 that was tried has listeners; end some programs and try again");
}

/**
 * Gives each pod an address: those that had one keep it, so that only what changed restarts; those that are gone give theirs back.
 * @throws Error where the block has too few.
 */
export function assign(places: Places, pods: readonly string[]): Places {
  const kept = pods.flatMap((pod) => (places.hosts[pod] === undefined ? [] : [[pod, places.hosts[pod]] as const]));
  const taken = new Set(kept.map(([, host]) => host));
  const free = Array.from({ length: last - first + 1 }, (_, n) => first + n).filter((host) => !taken.has(host));
  const fresh = pods.filter((pod) => places.hosts[pod] === undefined);
  if (fresh.length > free.length)
    throw new Error(
      `${pods.length} pods are to run here, and a state folder has addresses for ${last - first + 1}. Use fewer tenants, or npm start -- --objects-only.`,
    );
  return { ...places, hosts: Object.fromEntries([...kept, ...fresh.map((pod, n) => [pod, free[n] ?? 0] as const)]) };
}
