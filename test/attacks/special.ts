import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { GatewayInput } from "../../components/tenant/gateway/input";
import { managerOf, type HttpManager, type Listener } from "../engine/gateway-whole";
import { echo, grafanaHost, oldTls } from "./features";
import { differs, send, send2, targetOf, tokenFor, valueOf, type Asked, type Check } from "./good";
import { Connection } from "./http1-wire";
import { http1Text, type Target } from "./attack";
import { nameOf, oldCiphers, valueAt, type Mutant, type Step } from "./mutate";
import { layers } from "./special-layers";
import { logSpecial } from "./special-log";
import { rates } from "./special-rates";
import { targetsOf } from "./targets";

/**
 * Parts that are seen only in a gateway that is prepared for it: bounds made small enough to reach, durations to wait for, upstreams that fail. The
 * part is removed from the prepared gateway, and the same prepared gateway with the part must pass.
 */
export interface Special {
  readonly name: string;
  applies(mutant: Mutant): boolean;
  /** Changes a good listener. */
  prepare(listener: Listener): void;
  /** Looks at what the mutant is about. */
  check(mutant: Mutant): Check;
  /** Waits for long: tried beside the others. */
  readonly slow?: true;
}

/** Clusters of the farm for these: one that takes one request at a time, one whose first two addresses are dead, one that is all dead. */
export const specialClusters = { narrow: "narrow", flaky: "flaky", dead: "dead" } as const;

type Fields = Record<string, unknown>;
interface VirtualHost extends Fields {
  name: string;
  routes: (Fields & { name: string; route?: Fields })[];
}

export function virtualHosts(listener: Listener): VirtualHost[] {
  return (managerOf(listener)["route_config"] as { virtual_hosts: VirtualHost[] }).virtual_hosts;
}

/** The route that a mutant is about, by its name in the unchanged listener. */
export function routeOf(listener: Listener, at: readonly Step[]): string | undefined {
  const here = at.indexOf("routes");
  return here < 0 ? undefined : (valueAt(listener, at.slice(0, here + 2)) as { name?: string } | undefined)?.name;
}

/** The end of a mutant's place, however deep it lies. */
function ends(...last: readonly string[]): (mutant: Mutant) => boolean {
  return ({ at }) => last.includes(String(at[at.length - 1]));
}
const within = (pattern: RegExp) => (mutant: Mutant) => pattern.test(nameOf(mutant.at));

function common(listener: Listener): Fields {
  return managerOf(listener)["common_http_protocol_options"] as Fields;
}

function shortLived(listener: Listener): void {
  common(listener)["max_connection_duration"] = "1s";
  managerOf(listener)["drain_timeout"] = "0.5s";
}

/** Connection open and silent, or with the beginning of a request; how long until the other end closes it, milliseconds. */
async function endsWithin(connection: Connection, ms: number): Promise<boolean> {
  const reply = await connection.reply(ms);
  connection.close();
  return reply.closed || reply.status !== 0;
}

export function specials(input: GatewayInput, base: Listener): Special[] {
  const query = targetOf(input, "cortex-query");
  const tail = targetOf(input, "loki-tail");
  const labels = targetOf(input, "loki-labels");
  const good = (asked: Asked, target: Target) => ({ ...target, fields: [tokenFor(asked.world, target)] });
  const target = (mutant: Mutant): Target => targetsOf(input).find(({ route }) => route.id === routeOf(base, mutant.at)) ?? query;
  const check = (name: string, run: Check["run"]): Check => ({ name, run });
  const manager = (name: string, change: (manager: HttpManager) => void, run: Check["run"], applies = ends(name)): Special => ({
    name,
    applies: (mutant) => !mutant.at.includes("route_config") && applies(mutant),
    prepare: (listener) => change(managerOf(listener)),
    check: () => check(name, run),
    slow: true,
  });
  const begun = async ({ port }: Asked, text: string): Promise<Connection> => {
    const connection = await Connection.open(port, query.host);
    connection.write(text);
    return connection;
  };

  return [
    ...layers(input, base),
    {
      name: "old TLS, with ciphers that it could speak",
      applies: within(/\.tls_params(\.|$)/),
      prepare: (listener) => {
        const [chain] = listener.filter_chains as unknown as {
          transport_socket: { typed_config: { common_tls_context: { tls_params: Fields } } };
        }[];
        Object.assign(chain?.transport_socket.typed_config.common_tls_context.tls_params ?? {}, { cipher_suites: oldCiphers });
      },
      check: () => check("TLS 1.1", ({ port }) => oldTls(port)),
    },
    {
      name: "the time that an answer may take",
      applies: (mutant) => mutant.at.includes("route") && ends("timeout")(mutant),
      prepare() {},
      check: (mutant) =>
        check(`an answer after 16 s of ${routeOf(base, mutant.at)}`, async (asked) => {
          const one = target(mutant);
          const path = `${one.path}?wait=16000`;
          const place =
            routeOf(base, mutant.at) === "grafana" ? { host: grafanaHost, path: "/x?wait=16000" } : { ...good(asked, one), path };
          return differs((await send(asked, { ...place, wait: 20_000 })).status, 200);
        }),
      slow: true,
    },
    {
      name: "the time that a stream may be silent",
      applies: (mutant) => mutant.at.includes("route") && ends("idle_timeout")(mutant),
      prepare: (listener) => void (managerOf(listener)["stream_idle_timeout"] = "1s"),
      check: (mutant) =>
        check(`silent for 2.5 s: ${routeOf(base, mutant.at)}`, async (asked) => {
          const place = routeOf(base, mutant.at) === "grafana" ? { host: grafanaHost, path: "/api/live/ws" } : good(asked, tail);
          const { said, connection } = await echo(asked, place);
          return said ?? ((await endsWithin(connection, 2500)) ? "it ended" : undefined);
        }),
      slow: true,
    },
    {
      name: "the longest tail",
      applies: within(/\.max_stream_duration(\.|$)/),
      prepare(listener) {
        for (const { routes } of virtualHosts(listener))
          for (const { route } of routes) if (route?.["max_stream_duration"]) route["max_stream_duration"] = { max_stream_duration: "1s" };
      },
      check: () =>
        check("a tail ends", async (asked) => {
          const { said, connection } = await echo(asked, good(asked, tail));
          return said ?? ((await endsWithin(connection, 3500)) ? undefined : "it goes on");
        }),
      slow: true,
    },
    manager(
      "request_headers_timeout",
      (m) => void (m["request_headers_timeout"] = "1s"),
      async (asked) =>
        (await endsWithin(await begun(asked, "GET / HTTP/1.1\r\nHost: x\r\nX-A: "), 3000)) ? undefined : "headers may come for ever",
    ),
    manager(
      "request_timeout",
      (m) => void (m["request_timeout"] = "1s"),
      async (asked) => {
        const { method, path, host, fields } = { ...good(asked, targetOf(input, "cortex-push")) };
        const text = http1Text({ method, path, host, fields: [...fields, ["Content-Length", "9"]], body: "" }).replace(
          "Content-Length: 0\r\n",
          "",
        );
        return (await endsWithin(await begun(asked, text), 3000)) ? undefined : "a body may come for ever";
      },
    ),
    manager(
      "stream_idle_timeout",
      (m) => void (m["stream_idle_timeout"] = "1s"),
      async (asked) => differs((await send(asked, { ...good(asked, query), path: `${query.path}?wait=3000` })).status, 504),
    ),
    manager(
      "idle_timeout",
      (m) => void ((m["common_http_protocol_options"] as Fields)["idle_timeout"] = "1s"),
      async (asked) => ((await endsWithin(await begun(asked, ""), 3000)) ? undefined : "an idle connection stays"),
    ),
    {
      ...manager(
        "max_connection_duration",
        () => undefined,
        async (asked) => {
          // The first request after the time is over is answered, and is the last.
          const text = http1Text({ ...good(asked, query), body: "" });
          const connection = await begun(asked, "");
          await connection.exchange(text);
          await sleep(2000);
          const reply = await connection.exchange(text, 2000);
          connection.close();
          return differs([reply.status, valueOf(reply, "connection")], [200, ["close"]]);
        },
      ),
      applies: ends("max_connection_duration", "http1_safe_max_connection_duration"),
      prepare: shortLived,
    },
    {
      ...manager(
        "drain_timeout",
        () => undefined,
        async (asked) => {
          const began = Date.now();
          const came = await send2(asked, { ...good(asked, query), path: `${query.path}?wait=4500`, wait: 7000 });
          return came.status === 0 && Date.now() - began < 4000 ? undefined : `it ended with ${came.status} after ${Date.now() - began} ms`;
        },
      ),
      prepare: shortLived,
    },
    {
      name: "handshakes",
      applies: ends("transport_socket_connect_timeout"),
      prepare: (listener) =>
        Object.assign((listener.filter_chains as unknown as Fields[])[0] ?? {}, { transport_socket_connect_timeout: "1s" }),
      check: () =>
        check("a handshake that never comes", async ({ port }) => {
          const socket = net.connect(port, "127.0.0.1").on("error", () => undefined);
          const closed = await Promise.race([new Promise((done) => socket.once("close", () => done(true))), sleep(3000, false)]);
          socket.destroy();
          return closed ? undefined : "it stays";
        }),
      slow: true,
    },
    logSpecial(input, base),
    rates(input, base, target),
    {
      name: "too much at once",
      applies: within(/local_reply_config/),
      prepare(listener) {
        for (const { routes } of virtualHosts(listener))
          for (const { name, route } of routes)
            if (route) route["cluster"] = name === labels.route.id ? specialClusters.dead : specialClusters.narrow;
      },
      check: () =>
        check("two requests where one may be", async (asked) => {
          const two = await Promise.all([1, 2].map(() => send(asked, { ...good(asked, query), path: `${query.path}?wait=300` })));
          const [refused] = two.filter(({ status }) => status !== 200);
          const got = [
            two.filter(({ status }) => status === 200).length,
            refused?.status,
            refused && valueOf(refused, "retry-after"),
            refused?.text,
          ];
          const wanted = [1, 429, ["1"], "too many requests of this tenant at the same time\n"];
          if (differs(got, wanted) !== undefined) return differs(got, wanted);
          const dead = (await send(asked, good(asked, labels))).status;
          if (dead !== 503) return `a dead store: ${dead}`;
          const token = asked.world.token("none", query.route.scope, (mint) => mint.own({ scope: "x" }));
          const scope = await send(asked, { ...query, fields: [["Authorization", `Bearer ${token}`]] });
          return differs([scope.status, scope.text.includes("with scope metrics:read;")], [403, true]);
        }),
    },
    {
      name: "dead addresses",
      applies: within(/\.retry_policy(\.|$)/),
      prepare(listener) {
        for (const { routes } of virtualHosts(listener))
          for (const { route } of routes) if (route) route["cluster"] = specialClusters.flaky;
      },
      check: (mutant) =>
        check("two of three addresses are dead", async (asked) => {
          const name = String((valueAt(base, mutant.at.slice(0, mutant.at.indexOf("retry_policy"))) as VirtualHost).name);
          const one = targetsOf(input).find(({ route }) => route.host === name) ?? query;
          for (let i = 0; i < 4; i++) {
            const { status } = await send(asked, good(asked, one));
            if (status !== 200) return `request ${i} ended with ${status}`;
          }
          return undefined;
        }),
    },
  ];
}
