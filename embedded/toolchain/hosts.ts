import path from "node:path";
import { linked } from "../signals";
import { readJson, writeJson } from "./files";

/** The sites official releases come from. */
export type Host = "pulumi" | "kubernetes" | "github";

/** Where those sites are; tests put a local server here. */
export const officialSites: Readonly<Record<Host, string>> = {
  pulumi: "https://get.pulumi.com",
  kubernetes: "https://dl.k8s.io",
  github: "https://github.com",
};

/** What a machine without internet may spend on looking for it in one run, in milliseconds: 10 s, of which the probe takes 4 at most. */
export const defaultBudget = 10_000;
const probeShare = 0.4;
const rememberMilliseconds = 24 * 60 * 60_000;

interface Remembered {
  readonly reachable: boolean;
  readonly when: string;
}

/**
 * Knows which official sites answer. One parallel probe serves all tools of a run; a site found unreachable is remembered in `way.json` of the
 * cache for a day. All attempts that got no answer share one budget of time.
 */
export class OfficialHosts {
  private readonly file: string;
  private readonly known = new Map<Host, boolean>();

  public constructor(
    cache: string,
    private readonly sites: Readonly<Record<Host, string>> = officialSites,
    private budget: number = defaultBudget,
    private readonly retry: boolean = process.env["TENANTSTACK_RETRY_DOWNLOADS"] === "1",
  ) {
    this.file = path.join(cache, "way.json");
  }

  /** The address of a path on a site. */
  public address(host: Host, file: string): string {
    return `${this.sites[host]}/${file}`;
  }

  /** Whether the site answered; false when it was never probed. */
  public usable(host: Host): boolean {
    return this.known.get(host) === true && this.budget > 0;
  }

  /** Milliseconds a request may wait for its first answer: what is left of the budget, at most 4 s. */
  public patience(): number {
    return Math.max(1, Math.min(this.budget, defaultBudget * probeShare));
  }

  /** The sites that `probe` would ask: neither asked in this run nor remembered as unreachable. */
  public unknown(hosts: readonly Host[]): Host[] {
    const memory = this.memory();
    return [...new Set(hosts)].filter((host) => {
      if (this.known.has(host)) return false;
      const remembered = memory[this.sites[host]];
      const fresh = remembered && Date.now() - Date.parse(remembered.when) < rememberMilliseconds;
      return this.retry || !fresh || remembered.reachable;
    });
  }

  /** Asks all unknown sites at once; resolves with the sites among `hosts` that are out of reach. */
  public async probe(hosts: readonly Host[], signal: AbortSignal): Promise<Host[]> {
    const ask = this.unknown(hosts);
    if (ask.length > 0) {
      const began = Date.now();
      const limit = Math.max(1, this.budget * probeShare);
      const answers = await Promise.all(ask.map((host) => answersWithin(this.sites[host], limit, signal)));
      ask.forEach((host, i) => this.settle(host, answers[i] === true));
      if (answers.includes(false)) this.budget -= Date.now() - began;
    }
    return [...new Set(hosts)].filter((host) => this.known.get(host) !== true);
  }

  /** A request to the site got no answer after `milliseconds`: nothing more is asked of it today. */
  public failed(host: Host, milliseconds: number): void {
    this.budget -= milliseconds;
    this.settle(host, false);
  }

  private settle(host: Host, reachable: boolean): void {
    this.known.set(host, reachable);
    writeJson(this.file, { ...this.memory(), [this.sites[host]]: { reachable, when: new Date().toISOString() } satisfies Remembered });
  }

  private memory(): Record<string, Remembered | undefined> {
    return (readJson(this.file) as Record<string, Remembered> | undefined) ?? {};
  }
}

/** Any HTTP answer will do: sites answer their root with a redirect or 404. */
async function answersWithin(site: string, limit: number, signal: AbortSignal): Promise<boolean> {
  const stop = linked([signal], limit);
  try {
    const answer = await fetch(site, { method: "HEAD", redirect: "manual", signal: stop.signal });
    await answer.body?.cancel();
    return true;
  } catch {
    return false;
  } finally {
    stop.release();
  }
}
