import { hostNames } from "../../model/hosts";
import { hostsOf } from "../../components/tenant/gateway/render-routes";
import type { GatewayInput } from "../../components/tenant/gateway/input";
import type { Seen } from "../engine/gateway-kit";
import { http1Text, http2Fields, type Field, type Target } from "./attack";
import { Connection, type Reply } from "./http1-wire";
import { http2Exchange, type Http2Reply } from "./http2-wire";
import { wrongAtUpstream, type Owner } from "./judge";
import { targetsOf, upstreamPath } from "./targets";
import { credential, type Attacker } from "./tries";
import type { World } from "./world";

/** A gateway that is asked what it must still do: a mutant that refuses everything keeps tenants apart, and is of no use. */
export interface Asked {
  readonly world: World;
  readonly port: number;
  readonly owner: Owner;
  readonly attacker: Attacker;
  /** Its access log so far. */
  log(): string;
}

/** One thing that a gateway must do; says what went wrong, or undefined. */
export interface Check {
  readonly name: string;
  /** Name of the route that it is about, if it is about one. */
  readonly route?: string;
  run(asked: Asked): Promise<string | undefined>;
}

export interface Sent {
  readonly host: string;
  readonly method?: string;
  readonly path: string;
  readonly fields?: readonly Field[];
  readonly body?: string;
  readonly servername?: string;
  readonly wait?: number;
}
export interface Came extends Reply {
  readonly seen: Seen | undefined;
}

/** One request on a connection of its own, and what the upstream saw of it. */
export async function send(
  { world, port }: Asked,
  { host, method = "GET", path, fields = [], body = "", servername, wait }: Sent,
): Promise<Came> {
  const mark = world.mark();
  const connection = await Connection.open(port, servername ?? host);
  const reply = await connection.exchange(http1Text({ method, path, host, fields: [["X-Mark", mark], ...fields], body }), wait);
  connection.close();
  return { ...reply, seen: world.seen(mark)[0] };
}

/** The same over HTTP/2. */
export async function send2(
  { world, port }: Asked,
  { host, method = "GET", path, fields = [], body = "", servername, wait }: Sent,
): Promise<Http2Reply & Came> {
  const mark = world.mark();
  const parts = { method, path, host, fields: [["X-Mark", mark] as const, ...fields], body };
  const reply = await http2Exchange(port, servername ?? host, { fields: http2Fields(parts), body }, wait);
  return { ...reply, seen: world.seen(mark)[0] };
}

/** The good token of a route, where its host takes it. */
export function tokenFor(world: World, target: Target): Field {
  return credential(target, world.token("own", target.route.scope, (mint) => mint.own()) ?? "");
}

/** Says what differs. */
export function differs(got: unknown, wanted: unknown): string | undefined {
  const [one, other] = [JSON.stringify(got), JSON.stringify(wanted)];
  return one === other ? undefined : `${one} instead of ${other}`;
}

export function valueOf({ headers }: Pick<Reply, "headers">, name: string): string[] {
  return headers.filter(([one]) => one === name).map(([, value]) => value);
}

/** What every route must do: pass its good request on as it is, and refuse the other scopes. */
function routeCheck(target: Target): Check {
  const { route, method, host } = target;
  const pass = async (asked: Asked): Promise<string | undefined> => {
    const path = `${target.path}?x=1`;
    const came = await send(asked, { host, method, path, fields: [tokenFor(asked.world, target)] });
    const url = `${upstreamPath(target)}?x=1`;
    const got = [came.status, came.seen?.upstream, came.seen?.method, came.seen?.url];
    return differs(got, [200, route.upstream, method, url]) ?? (came.seen && wrongAtUpstream(came.seen, asked.owner));
  };
  const refuse = async (asked: Asked): Promise<string | undefined> => {
    const field = asked.world.token("none", route.scope, (mint) => mint.own({ scope: "x" })) ?? "";
    const came = await send(asked, { host, method, path: target.path, fields: [credential(target, field)] });
    return differs([came.status, came.seen?.url], [403, undefined]);
  };
  return { name: `${method} ${route.id}`, route: route.id, run: async (asked) => (await pass(asked)) ?? (await refuse(asked)) };
}

export function routeChecks(input: GatewayInput): Check[] {
  return targetsOf(input).map(routeCheck);
}

/** Every name of the tenant reaches its host, and what the gateway takes for the same name too. */
export function hostChecks(input: GatewayInput): Check[] {
  const first = targetsOf(input);
  return hostsOf(input.tenant).flatMap((kind) => {
    const target = first.find(({ route }) => route.host === kind);
    const names = hostNames(input.tenant, input.zone, kind);
    return [...names.public, ...names.internal].map((host) => ({
      name: `host ${host}`,
      run: async (asked: Asked) => {
        const fields = target === undefined ? [] : [tokenFor(asked.world, target)];
        const came = await send(asked, { host, path: target?.path ?? "/login", method: target?.method ?? "GET", fields });
        return differs([came.status, came.seen?.upstream], [200, target?.route.upstream ?? "grafana"]);
      },
    }));
  });
}

/** A target by its route's id. */
export function targetOf(input: GatewayInput, id: string): Target {
  const target = targetsOf(input).find(({ route }) => route.id === id);
  if (target === undefined) throw new Error(`there is no route ${id}`);
  return target;
}
