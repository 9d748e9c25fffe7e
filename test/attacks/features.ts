import tls from "node:tls";
import type { GatewayInput } from "../../components/tenant/gateway/input";
import { routesOf, type Route } from "../../model/routes";
import { differs, send, send2, targetOf, tokenFor, valueOf, type Asked, type Check, type Sent } from "./good";
import { connect, Connection } from "./http1-wire";
import { wrongAtUpstream } from "./judge";
import { http1Text, type Field } from "./attack";

/** What the gateway does beside passing requests on, each seen from outside. */

/** Fields of a good request of Cortex' queries, and its place. */
function query(asked: Asked, input: GatewayInput, more: Partial<Sent> = {}): Sent {
  const target = targetOf(input, "cortex-query");
  return { host: target.host, path: target.path, ...more, fields: [tokenFor(asked.world, target), ...(more.fields ?? [])] };
}

export const grafanaHost = "prod.obs.example.com";
const upgrade: readonly Field[] = [
  ["Connection", "Upgrade"],
  ["Upgrade", "websocket"],
  ["Sec-WebSocket-Version", "13"],
  ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
];

/** Opens a WebSocket and hears an echo; the connection is the caller's to close. */
export async function echo(asked: Asked, sent: Sent): Promise<{ said: string | undefined; connection: Connection }> {
  const connection = await Connection.open(asked.port, sent.host);
  const fields = [...(sent.fields ?? []), ...upgrade];
  const reply = await connection.exchange(http1Text({ method: "GET", path: sent.path, host: sent.host, fields, body: "" }), 3000);
  if (reply.status !== 101) return { said: `no WebSocket but ${reply.status}`, connection };
  const back = new Promise<string>((resolve) => {
    connection.socket.once("data", (data: Buffer) => resolve(data.toString()));
    setTimeout(() => resolve("nothing"), 3000).unref();
  });
  connection.write("ping");
  return { said: differs(await back, "ping"), connection };
}

const says = (text: string): string => encodeURIComponent(text).replaceAll("%20", "+");
const seriesLimit = "user=prod--2: per-user series limit of 10 exceeded, please contact administrator to raise it (local limit: 0)";
const everyHeader: readonly Field[] = [
  ...["X-Scope-OrgID", "THANOS-TENANT", "THANOS-REPLICA", "X-Tenant", "X-Org-Id", "X-Scope-UserID", "X-Loki-Query-Limits"],
  ...["X-Loki-Query-Limits-Context", "X-Loki-Disable-Pipeline-Wrappers", "X-Thanos-Force-Tracing"],
].map((name): Field => [name, "staging"]);

type Run = (asked: Asked, input: GatewayInput) => Promise<string | undefined>;

const list: readonly (readonly [string, Run])[] = [
  [
    "HTTP/2 and its bounds",
    async (asked, input) => {
      const came = await send2(asked, query(asked, input));
      return differs(
        [came.status, came.seen?.upstream, came.settings[3], came.settings[4], came.widened],
        [...[200, "cortex.query", 100, 256 << 10], (1 << 20) - 65_535],
      );
    },
  ],
  [
    "both versions are agreed on",
    async ({ port }, input) => {
      const socket = await connect(port, targetOf(input, "cortex-query").host, ["http/1.1"]);
      const newer = await connect(port, targetOf(input, "cortex-query").host, ["h2"]);
      for (const one of [socket, newer]) one.destroy();
      return differs([socket.alpnProtocol, newer.alpnProtocol], ["http/1.1", "h2"]);
    },
  ],
  ...["/prometheus//api/v1/query", "/prometheus/./api/v1/query", "/prometheus/x/../api/v1/query"].map((path): [string, Run] => [
    `path ${path}`,
    async (asked, input) => {
      const came = await send(asked, query(asked, input, { path }));
      return differs([came.status, came.seen?.url], [200, "/prometheus/api/v1/query"]);
    },
  ]),
  ...["%s:8443", "%s."].map((shape): [string, Run] => [
    `host ${shape}`,
    async (asked, input) => {
      const { host } = targetOf(input, "cortex-query");
      return differs((await send(asked, query(asked, input, { host: shape.replace("%s", host), servername: host }))).status, 200);
    },
  ]),
  ["Basic", async (asked, input) => differs((await send(asked, { ...query(asked, input), fields: [basic(asked)] })).status, 200)],
  [
    "Datadog's key in the query",
    async (asked, input) => {
      const target = targetOf(input, "dd-series-v2");
      const path = `${target.path}?api_key=${tokenFor(asked.world, target)[1]}&x=1`;
      const came = await send(asked, { host: target.host, method: "POST", path });
      return differs([came.status, came.seen?.url], [200, "/api/v2/series?x=1"]);
    },
  ],
  ...["cortex-query", "loki-labels"].map((id): [string, Run] => [
    `a token in the query of ${id}`,
    async (asked, input) => {
      const target = targetOf(input, id);
      const fields = [tokenFor(asked.world, target)];
      const came = await send(asked, { ...target, path: `${target.path}?x=${fields[0]?.[1].split(" ")[1]}`, fields });
      return differs([came.status, came.text], [400, "a token belongs into the header Authorization: paths and queries are logged\n"]);
    },
  ]),
  [
    "a token without a key id, and one 20 s past its end",
    async (asked, input) => {
      const target = targetOf(input, "cortex-query");
      const tokens = [
        asked.world.token("no kid", target.route.scope, (mint) => mint.own({}, { kid: undefined })),
        asked.world.token(`20 s before ${Date.now()}`, target.route.scope, (mint) => mint.own({ exp: mint.now - 20 })),
      ];
      const sent = tokens.map((token) => send(asked, { ...target, fields: [["Authorization", `Bearer ${token}`]] }));
      return differs(
        (await Promise.all(sent)).map(({ status }) => status),
        [200, 200],
      );
    },
  ],
  [
    "what is told of the client",
    async (asked, input) => {
      const fields: Field[] = [
        ["X-Forwarded-For", "1.2.3.4"],
        ["X-Forwarded-Proto", "http"],
        ["X-Envoy-Upstream-Rq-Timeout-Ms", "1"],
      ];
      const path = `${targetOf(input, "cortex-query").path}?wait=30`;
      const { status, seen, ...reply } = await send(asked, query(asked, input, { path, fields }));
      const names = Object.keys(seen?.headers ?? {}).filter((name) => name.startsWith("x-envoy-"));
      const got = [
        status,
        /^1\.2\.3\.4,[\d.]+$/.test(String(seen?.headers["x-forwarded-for"])),
        seen?.headers["x-forwarded-proto"],
        names,
        seen?.headers["x-envoy-external-address"],
      ];
      const service = valueOf(reply, "x-envoy-upstream-service-time");
      return differs([...got, service], [200, true, "https", ["x-envoy-external-address"], "127.0.0.1", []]);
    },
  ],
  ...["cortex-query", "loki-labels", "dd-series-v2"].map((id): [string, Run] => [
    `Retry-After for a 429 behind ${id}, once, and for nothing else; its own stays`,
    async (asked, input) => {
      const target = targetOf(input, id);
      const sent = ["answer=429", "answer=500", "answer=429&after=7"].map((query) =>
        send(asked, { ...target, path: `${target.path}?${query}`, fields: [tokenFor(asked.world, target)] }),
      );
      const got = (await Promise.all(sent)).map((reply) => [reply.status, valueOf(reply, "retry-after")]);
      return differs(got, [
        [429, ["5"]],
        [500, []],
        [429, ["7"]],
      ]);
    },
  ]),
  [
    "which scope is missing",
    async (asked, input) => {
      const target = targetOf(input, "cortex-query");
      const token = asked.world.token("none", target.route.scope, (mint) => mint.own({ scope: "x" }));
      const { status, text } = await send(asked, { ...target, fields: [["Authorization", `Bearer ${token}`]] });
      return differs([status, /^this path needs a token with scope metrics:read;/.test(text)], [403, true]);
    },
  ],
  [
    "a host that is not served",
    async (asked) => answers(asked, { host: "evil.example", path: "/" }, 421, "this host is not served here\n"),
  ],
  [
    "a path that is none",
    async (asked, input) => {
      for (const { host } of [targetOf(input, "cortex-query"), targetOf(input, "loki-labels"), targetOf(input, "dd-validate")]) {
        const said = await answers(asked, { host, path: "/x" }, 404, "this path or method is not part of the API\n");
        if (said !== undefined) return said;
      }
      return undefined;
    },
  ],
  ["a path that is none, with a large body", async (asked, input) => large(asked, targetOf(input, "cortex-query").host, 404)],
  ["a path that is none on loki, with a large body", async (asked, input) => large(asked, targetOf(input, "loki-labels").host, 404)],
  ["a path that is none on dd, with a large body", async (asked, input) => large(asked, targetOf(input, "dd-validate").host, 404)],
  ["a host that is not served, with a large body", async (asked) => large(asked, "evil.example", 421)],
  [
    "the bound of bodies of other requests",
    async (asked, input) => {
      const bodies = [1 << 20, (1 << 20) + 1].map((size) => send(asked, query(asked, input, { method: "POST", body: "x".repeat(size) })));
      return differs(
        (await Promise.all(bodies)).map(({ status }) => status),
        [200, 413],
      );
    },
  ],
  [
    "Grafana gets all but tenant headers",
    async (asked) => {
      const fields: Field[] = [["Authorization", `Basic ${Buffer.from("a:b.c.d").toString("base64")}`], ["Cookie", "a=b"], ...everyHeader];
      const body = "x".repeat(3 << 20);
      const { status, seen } = await send(asked, { host: grafanaHost, path: "/api/x?y=1", method: "PATCH", fields, body });
      const got = [status, seen?.upstream, seen?.url, seen?.headers.authorization, seen?.headers.cookie, seen?.body.length];
      return (
        differs(got, [200, "grafana", "/api/x?y=1", fields[0]?.[1], "a=b", body.length]) ?? (seen && wrongAtUpstream(seen, asked.owner))
      );
    },
  ],
  ["Grafana's WebSocket", async (asked) => heard(asked, { host: grafanaHost, path: "/api/live/ws" })],
  [
    "a tail",
    async (asked, input) => {
      const target = targetOf(input, "loki-tail");
      return heard(asked, { ...target, fields: [tokenFor(asked.world, target)] });
    },
  ],
];

/** A handshake as old clients make it; says so if it succeeds. */
export function oldTls(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" } as const;
    const socket = tls.connect({ host: "127.0.0.1", port, servername: "x", rejectUnauthorized: false, ...old });
    const done = (said: string | undefined): void => (socket.destroy(), resolve(said));
    socket.once("error", () => done(undefined)).once("secureConnect", () => done(`it spoke ${socket.getProtocol()}`));
  });
}

async function heard(asked: Asked, sent: Sent): Promise<string | undefined> {
  const { said, connection } = await echo(asked, sent);
  connection.close();
  return said;
}

async function answers(asked: Asked, sent: Sent, status: number, text: string): Promise<string | undefined> {
  const came = await send(asked, sent);
  return differs([came.status, came.text, came.seen], [status, text, undefined]);
}

/** Answered at once, whatever comes behind: the client may hear of it only while it still sends. */
async function large(asked: Asked, host: string, status: number): Promise<string | undefined> {
  const connection = await Connection.open(asked.port, host);
  const length = (1 << 20) + 1;
  const reply = await connection.exchange(`POST /x HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${length}\r\n\r\nx`, 2000);
  connection.close();
  return differs(reply.status, status);
}

function basic({ world }: Asked): Field {
  const token = world.token("own", "metrics:read", (mint) => mint.own());
  return ["Authorization", `Basic ${Buffer.from(`any:${token}`).toString("base64")}`];
}

/** Writes have a bound of their own, and Cortex' answer at a limit of series becomes one that clients wait for. */
function writeCheck(input: GatewayInput, route: Route): Check {
  const target = targetOf(input, route.id);
  return {
    name: `writes to ${route.id}`,
    route: route.id,
    run: async (asked) => {
      const fields = [tokenFor(asked.world, target)];
      const bodies = [3 << 19, (2 << 20) + 1].map((size) =>
        send(asked, { ...target, fields, body: "x".repeat(route.methods[0] === "POST" ? size : 0) }),
      );
      const statuses = (await Promise.all(bodies)).map(({ status }) => status);
      const wrong = differs(statuses, route.methods[0] === "POST" ? [200, 413] : [200, 200]);
      if (wrong !== undefined || route.upstream !== "cortex.push") return wrong;
      const limited = await send(asked, { ...target, path: `${target.path}?answer=400&says=${says(seriesLimit)}`, fields, body: "x" });
      return differs([limited.status, valueOf(limited, "retry-after"), limited.text], [429, ["5"], seriesLimit]);
    },
  };
}

/** All features that a gateway with these routes has. Those of Cortex need its routes. */
export function featureChecks(input: GatewayInput): Check[] {
  const checks = input.tenant.metrics === "cortex" ? list.map(([name, run]): Check => ({ name, run: (asked) => run(asked, input) })) : [];
  const writes = routesOf(input.tenant).filter(({ limit }) => limit === "ingest");
  return [...checks, ...writes.map((route) => writeCheck(input, route))];
}
