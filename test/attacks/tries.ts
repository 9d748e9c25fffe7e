import { setTimeout as sleep } from "node:timers/promises";
import { http1Text, type Attack, type Field, type Parts, type Target } from "./attack";
import { Connection, type Reply } from "./http1-wire";
import { http2Exchange } from "./http2-wire";
import { wrongOutcome, type Owner } from "./judge";
import type { Arms } from "./arms";

/** A gateway to attack: its HTTPS port and its owner. */
export interface Gate {
  readonly port: number;
  readonly owner: Owner;
}

/** Whose token goes with an attack that brings none of its own: the tenant's own, or its neighbour's, which must open nothing. */
export type Holder = "own" | "neighbour";

/** Milliseconds after an answer in which what was hidden in a request would reach an upstream. */
const settle = 15;
/** Milliseconds that a request which never ends is given. */
const patience = 200;

/** Sends attacks to one gateway; connections are kept between requests that leave them in order. */
export class Attacker {
  private readonly free = new Map<string, Connection[]>();
  public constructor(
    private readonly arms: Arms,
    private readonly gate: Gate,
    /** Texts that no answer may hold. */
    private readonly forbidden: readonly string[] = [],
  ) {}

  /** Tries one attack on one route. Says what went wrong, or undefined. */
  public async try([name, outcome, change]: Attack, target: Target, holder: Holder = "own"): Promise<string | undefined> {
    const mark = this.arms.mark();
    const good = this.arms.token(holder, target.route.scope, (mint) => (holder === "own" ? mint.own() : mint.neighbours())) ?? "";
    const token = change.token === undefined ? good : this.arms.token(name, target.route.scope, (mint) => change.token?.(mint, target));
    const fields: Field[] = [
      ["X-Mark", mark],
      ...(target.payload === undefined ? [] : ([["Content-Type", target.payload.type]] as const)),
      ...(change.credential?.(good, target) ?? (token === undefined ? [] : [credential(target, token)])),
      ...(change.fields ?? []),
    ];
    for (const [, value] of fields) if (value.includes("secret") || value.startsWith("Basic ")) this.arms.secrets.add(value);
    const parts: Parts = {
      method: change.method ?? target.method,
      path: pathOf(target, (path) => change.path?.(path, good, target) ?? path),
      host: change.host?.(target.host) ?? target.host,
      fields,
      body: target.payload?.body ?? "",
    };
    const reply = await this.send(change, parts, target.host);
    const leaked = this.forbidden.find((text) => reply.text.includes(text));
    if (leaked !== undefined) return `the answer ${reply.status} holds ${leaked}`;
    const alone = change.text !== undefined || change.http2 !== undefined;
    if (alone && outcome !== "own") await sleep(settle);
    return wrongOutcome(holder === "own" ? outcome : refusal(outcome), target, reply, this.arms.seen(mark), this.gate.owner);
  }

  private async send(change: Attack[2], parts: Parts, host: string): Promise<Reply> {
    const servername = change.servername ?? host;
    if (change.http2 !== undefined) return http2Exchange(this.gate.port, servername, change.http2(parts), patience);
    if (change.text !== undefined || change.servername !== undefined) {
      const connection = await Connection.open(this.gate.port, servername);
      const text = change.text?.(parts) ?? http1Text(parts);
      const reply = await connection.exchange(text, patience);
      // What hides behind a request would be answered too, or refused.
      if (reply.status !== 0 && !reply.closed && change.text !== undefined) await connection.reply(settle);
      connection.close();
      return reply;
    }
    const kept = this.free.get(servername)?.pop() ?? (await Connection.open(this.gate.port, servername));
    const reply = await kept.exchange(http1Text(parts));
    if (kept.usable && reply.status !== 0 && reply.status !== 101) this.free.set(servername, [...(this.free.get(servername) ?? []), kept]);
    else kept.close();
    return reply;
  }

  public close(): void {
    for (const connection of [...this.free.values()].flat()) connection.close();
    this.free.clear();
  }
}

/** The path that an attack makes of a target's, whose query goes with it. */
function pathOf(target: Target, change: (path: string) => string): string {
  const [path = "", query] = target.path.split("?");
  const changed = change(path);
  return query === undefined ? changed : `${changed}${changed.includes("?") ? "&" : "?"}${query}`;
}

/** The place where a host takes a token. */
export function credential({ route }: Target, token: string): Field {
  return route.host === "dd" ? ["DD-API-KEY", token] : ["Authorization", `Bearer ${token}`];
}

/** With a token that opens nothing, nothing may be reached. */
function refusal(_outcome: Attack[1]): Attack[1] {
  return "refused";
}
