import type { Route } from "../../model/routes";
import type { Seen } from "../engine/gateway-kit";
import type { Outcome, Target } from "./attack";
import type { Reply } from "./http1-wire";
import { isListed } from "./targets";

/**
 * What may never be, whatever a client sends. Written without the gateway's own lists, which are what is tried here. A name counts with `_` for `-`
 * too, as some servers read it.
 */
const tenantHeaders = ["x-scope-orgid", "thanos-tenant"];
const neverHeaders = [
  ...["thanos-replica", "x-tenant", "x-org-id", "x-scope-userid", "x-loki-query-limits", "x-loki-query-limits-context"],
  ...["x-loki-disable-pipeline-wrappers", "x-thanos-force-tracing"],
];
const credentials = ["authorization", "proxy-authorization", "cookie", "dd-api-key", "dd-application-key"];

/** Whose gateway it is. */
export interface Owner {
  readonly storageId: string;
  readonly routes: readonly Route[];
}

/** Values of a header as it came, by any spelling. */
function valuesOf({ raw }: Pick<Seen, "raw">, name: string): string[] {
  return raw.filter((_, i) => i % 2 === 1 && raw[i - 1]?.toLowerCase().replaceAll("_", "-") === name);
}

/** What is wrong with a request that reached an upstream; undefined when nothing is. */
export function wrongAtUpstream(seen: Seen, { storageId, routes }: Owner): string | undefined {
  const isGrafana = seen.upstream === "grafana";
  for (const name of tenantHeaders) {
    const values = valuesOf(seen, name);
    if (isGrafana ? values.length > 0 : values.length !== 1 || values[0] !== storageId) return `${name} is [${values.join(" ; ")}]`;
  }
  for (const name of [...neverHeaders, ...(isGrafana ? [] : credentials)]) if (valuesOf(seen, name).length > 0) return `${name} is there`;
  if (isGrafana) return undefined;
  const [path = "", ...query] = seen.url.split("?");
  if (!isListed(routes, seen.upstream, seen.method, path)) return `${seen.method} ${path} at ${seen.upstream} is no route`;
  if (/(^|\/)\.\.?($|\/)|\/\/|\\|%2f|%5c|%00/i.test(path)) return `${path} may be read in two ways`;
  // Stores log what they are asked; of what Datadog's clients send only the place of their key counts.
  if (seen.upstream === "collector") return /(^|&)api_key=/.test(query.join("?")) ? "api_key is there" : undefined;
  return /eyJ[\w-]+\.eyJ/.test(seen.url) ? `${seen.url} holds a token` : undefined;
}

/** What is wrong with how an attack ended; undefined when nothing is. `seen` is all that upstreams got of it. */
export function wrongOutcome(outcome: Outcome, target: Target, reply: Reply, seen: readonly Seen[], owner: Owner): string | undefined {
  for (const one of seen) {
    const wrong = wrongAtUpstream(one, owner);
    if (wrong !== undefined) return wrong;
  }
  if (reply.status === 101 && target.route.websocket !== true) return "it is a WebSocket";
  if (outcome === "own") return reply.status >= 500 ? `it ended with ${reply.status}` : undefined;
  if (seen.length > 0) return `${seen[0]?.method} ${seen[0]?.url} reached ${seen[0]?.upstream}`;
  if (outcome === "refused") return reply.status >= 200 && reply.status < 400 ? `it ended with ${reply.status}` : undefined;
  const wanted = typeof outcome === "number" ? [outcome] : outcome;
  return wanted.includes(reply.status) ? undefined : `it ended with ${reply.status} and not with ${wanted.join(" or ")}`;
}
