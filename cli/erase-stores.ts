import { parse } from "yaml";
import { hasLogs, lokiRules, type Answer, type Part } from "../model/erasure";
import type { LedgerEntry } from "../model/ledger";
import type { Cluster } from "./cluster";
import { UserError } from "./errors";
import { forward, type Forward } from "./forward";

/** Where the stores' own APIs are, past the gateways: at addresses that were given, or behind a forwarded port each, opened when it is needed. */
export class Stores {
  private readonly open = new Map<string, Promise<Forward>>();

  /**
   * @param urls addresses by system, where the operator has them.
   * @param reach the cluster and the path of kubectl, asked for once and only when an address is missing.
   */
  public constructor(
    private readonly urls: Partial<Record<System, string>>,
    private readonly reach: () => Promise<{ readonly cluster: Cluster; readonly kubectl: string }>,
  ) {}

  /** One request for a storage id. @throws UserError when the store cannot be reached. */
  public async ask(part: Part, id: string, path: string, method = "GET"): Promise<Answer> {
    const url = await this.urlOf(part);
    try {
      // Cortex and Loki know the id by this header. Thanos' querier of operators knows none: the question names the id.
      const answer = await fetch(url + path, { method, headers: { "X-Scope-OrgID": id }, signal: AbortSignal.timeout(60_000) });
      return { status: answer.status, text: await answer.text() };
    } catch (error) {
      throw new UserError(`${part} at ${url} gave no answer: ${reasonOf(error)}. Nothing is half done: run the same command again.`);
    }
  }

  /** Namespaces in which Loki keeps rules of an id. */
  public async lokiNamespaces(entry: LedgerEntry): Promise<string[]> {
    if (!hasLogs(entry)) return [];
    const { status, text } = await this.ask("loki.ruler", entry.storageId, lokiRules);
    if (status === 404) return [];
    if (status !== 200) throw new UserError(`loki.ruler answered ${status} to GET ${lokiRules}: ${text.slice(0, 300)}`);
    return Object.keys((parse(text) as object | null) ?? {}).sort();
  }

  public async close(): Promise<void> {
    await Promise.allSettled([...this.open.values()].map(async (one) => (await one).close()));
  }

  private async urlOf(part: Part): Promise<string> {
    const system = part.split(".")[0] as System;
    const given = this.urls[system];
    if (given !== undefined) return given.replace(/\/+$/, "");
    let one = this.open.get(part);
    if (one === undefined) this.open.set(part, (one = this.forwardTo(part, system)));
    return (await one).url;
  }

  private async forwardTo(part: Part, system: System): Promise<Forward> {
    const { cluster, kubectl } = await this.reach();
    const { target, port } = doors[part];
    const found = typeof target === "string" ? target : await firstThatIs(cluster, system, target);
    return forward(kubectl, cluster, system, found, port);
  }
}

type System = "cortex" | "loki" | "thanos";

/** Services are named by role in both sizes; the compactor has none, so its workload is named: its own, or that of the one process. */
const doors: Readonly<Record<Part, { readonly target: string | readonly string[]; readonly port: number }>> = {
  "cortex.ruler": { target: "svc/ruler", port: 8080 },
  "cortex.alertmanager": { target: "svc/alertmanager", port: 8080 },
  "cortex.compactor": { target: ["compactor", "cortex"], port: 8080 },
  "loki.ruler": { target: "svc/ruler", port: 3100 },
  "loki.query": { target: "svc/query-frontend", port: 3100 },
  "thanos.query": { target: "svc/query-operators", port: 10902 },
};

async function firstThatIs(cluster: Cluster, namespace: string, names: readonly string[]): Promise<string> {
  for (const name of names) {
    const found = await cluster.client.get(`/apis/apps/v1/namespaces/${namespace}/statefulsets/${name}`);
    if (found !== undefined) return `statefulset/${name}`;
  }
  throw new UserError(`There is no StatefulSet ${names.join(" or ")} in namespace ${namespace}: is this the cluster of this stack?`);
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}
