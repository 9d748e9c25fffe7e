import crypto from "node:crypto";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import tls from "node:tls";
import * as x509 from "@peculiar/x509";
import type { GatewayInput } from "../../components/tenant/gateway/input";
import type { Address } from "../../components/contracts";
import type { CertificatePair, Envoy } from "./envoy";

/** What an upstream saw. */
export interface Seen {
  readonly upstream: string;
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  /** Names and values in turn, as they came. */
  readonly raw: readonly string[];
  readonly body: string;
}

/**
 * Recording servers, one for each upstream. `?answer=429` chooses the status, `?says=text` the body, `?wait=500` delays it, `?chunked=1` leaves its
 * length out, `?after=7` says so in Retry-After; a WebSocket upgrade is echoed.
 */
export class Upstreams {
  public readonly seen: Seen[] = [];
  private readonly servers: http.Server[] = [];
  private readonly sockets = new Set<Socket>();

  public async serve(upstream: string): Promise<Address> {
    // A lenient reader: what a gateway lets through that can be read in two ways, this one reads in the worse.
    const server = http.createServer({ insecureHTTPParser: true }, (request, response) => this.answer(upstream, request, response));
    server.on("connection", (socket) => void this.sockets.add(socket).size);
    server.on("upgrade", (request, socket: Socket) => {
      this.record(upstream, request, "");
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
      socket.on("error", () => socket.destroy()).pipe(socket);
    });
    await new Promise<void>((ok) => server.listen(0, "127.0.0.1", ok));
    this.servers.push(server);
    return { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
  }

  private record(upstream: string, { method = "", url = "", headers, rawHeaders }: http.IncomingMessage, body: string): void {
    this.seen.push({ upstream, method, url, headers, raw: rawHeaders, body });
  }

  private answer(upstream: string, request: http.IncomingMessage, response: http.ServerResponse): void {
    let body = "";
    request.on("data", (data: Buffer) => (body += data.toString("latin1")));
    request.on("end", () => {
      this.record(upstream, request, body);
      const query = new URL(request.url ?? "", "http://x").searchParams;
      const says = query.get("says") ?? upstream;
      setTimeout(
        () => {
          const after = query.get("after");
          response.writeHead(Number(query.get("answer") ?? 200), {
            ...(query.has("chunked") ? {} : { "content-length": Buffer.byteLength(says) }),
            ...(after !== null && { "retry-after": after }),
          });
          response.end(says);
        },
        Number(query.get("wait") ?? 0),
      );
    });
  }

  public close(): void {
    for (const server of this.servers) server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

/** A tenant for tests whose every upstream records. */
export async function recordedInput(upstreams: Upstreams, tenant: Partial<GatewayInput["tenant"]> = {}): Promise<GatewayInput> {
  const serve = (name: string): Promise<Address> => upstreams.serve(name);
  const group = async <K extends string>(system: string, parts: readonly K[]): Promise<Record<K, Address>> =>
    Object.fromEntries(await Promise.all(parts.map(async (part) => [part, await serve(`${system}.${part}`)] as const))) as Record<
      K,
      Address
    >;
  return {
    tenant: {
      name: "prod",
      storageId: "prod--2",
      metrics: "cortex",
      apis: ["datadog", "logs", "metrics"],
      domain: "metrics.shop.example",
      revoked: [],
      state: "active",
      ...tenant,
    },
    stack: "dev",
    zone: "obs.example.com",
    shared: {
      cortex: await group("cortex", ["push", "query", "ruler", "alertmanager"]),
      loki: await group("loki", ["push", "query", "tail", "ruler", "compactor"]),
      thanos: await group("thanos", ["receive", "query"]),
      platform: await group("platform", ["prometheus"]),
    },
    local: { grafana: await serve("grafana"), collector: await serve("collector") },
    requests: { ingest: 10_000, query: 10_000, manage: 10_000, bodyBytes: 1 << 20 },
    queriesAtOnce: undefined,
    maxReplicas: 2,
    memoryBytes: 256 << 20,
    statement: "tenantstack_limit 1\n",
  };
}

/** A signing key as the model makes them. */
export interface SigningKey {
  readonly kid: string;
  readonly pair: crypto.KeyPairKeyObjectResult;
}

export function signingKey(kid: string): SigningKey {
  return { kid, pair: crypto.generateKeyPairSync("rsa", { modulusLength: 2048 }) };
}

export function jwksOf(...keys: readonly SigningKey[]): string {
  return JSON.stringify({
    keys: keys.map(({ kid, pair }) => ({ ...pair.publicKey.export({ format: "jwk" }), kid, alg: "RS256", use: "sig" })),
  });
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const now = (): number => Math.floor(Date.now() / 1000);

/** Claims of a good token of tenant prod; `undefined` leaves one out. */
export function claims(scope: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { iss: "tenantstack", aud: "dev", sub: "prod", jti: "t1", iat: now() - 10, exp: now() + 3600, scope, ...more };
}

/** A token signed as it should be, but for what `header` changes. */
export function token(key: SigningKey, payload: Record<string, unknown>, header: Record<string, unknown> = {}): string {
  const text = `${encode({ alg: "RS256", typ: "JWT", kid: key.kid, ...header })}.${encode(payload)}`;
  return `${text}.${crypto.sign("sha256", Buffer.from(text), key.pair.privateKey).toString("base64url")}`;
}

/** A token "signed" with a shared secret that is no secret, or not at all. */
export function forgedToken(key: SigningKey, payload: Record<string, unknown>, secret: string | undefined): string {
  const text = `${encode({ alg: secret === undefined ? "none" : "HS256", typ: "JWT", kid: key.kid })}.${encode(payload)}`;
  return `${text}.${secret === undefined ? "" : crypto.createHmac("sha256", secret).update(text).digest("base64url")}`;
}

/** A self-signed certificate for a host. */
export async function selfSigned(host: string): Promise<CertificatePair> {
  x509.cryptoProvider.set(crypto.webcrypto as never);
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${host}`,
    keys: keys as never,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - 3_600_000),
    notAfter: new Date(Date.now() + 86_400_000),
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: "dns", value: host }])],
  });
  const key = crypto.KeyObject.from(keys.privateKey).export({ type: "pkcs8", format: "pem" }).toString();
  return { cert: cert.toString("pem"), key };
}

export interface Call {
  readonly host: string;
  readonly path: string;
  readonly method?: string;
  readonly token?: string;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: string | Buffer;
  readonly agent?: https.Agent;
  /** Server name of the handshake, where it is not the host. */
  readonly servername?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

const timeout = 10_000;

/** One request over HTTP/1.1 and TLS, on a connection of its own unless an agent is given. The path goes out as written. */
export function call(
  envoy: Envoy,
  { host, path, method = "GET", token: bearer, headers = {}, body, agent, servername }: Call,
): Promise<Answer> {
  const auth = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
  const options = {
    host: "127.0.0.1",
    port: envoy.laid.places.ports.https,
    servername: servername ?? host.replace(/:.*/, ""),
    rejectUnauthorized: false,
  };
  return new Promise((resolve, reject) => {
    const request = https.request(
      { ...options, path, method, timeout, agent: agent ?? false, headers: { host, ...auth, ...headers } },
      (response) => {
        let text = "";
        response.on("data", (data: Buffer) => (text += data.toString()));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      },
    );
    request.once("timeout", () => request.destroy(new Error(`no answer in ${timeout} ms`))).once("error", reject);
    request.end(body);
  });
}

/** A kept HTTP/2 connection. */
export function http2Session(envoy: Envoy, servername: string): http2.ClientHttp2Session {
  const session = http2.connect(`https://${servername}`, {
    createConnection: () =>
      tls.connect({ host: "127.0.0.1", port: envoy.laid.places.ports.https, servername, ALPNProtocols: ["h2"], rejectUnauthorized: false }),
  });
  return session.on("error", () => session.destroy());
}

/** One request on a kept HTTP/2 connection. */
export function call2(session: http2.ClientHttp2Session, { host, path, method = "GET", token: bearer }: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const auth = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
    const stream = session.request({ ":authority": host, ":path": path, ":method": method, ...auth });
    let [status, text] = [0, ""];
    stream.setTimeout(timeout, () => stream.destroy(new Error(`no answer in ${timeout} ms`)));
    stream.on("response", (headers) => (status = headers[":status"] ?? 0));
    stream.on("data", (data: Buffer) => (text += data.toString())).on("end", () => resolve({ status, headers: {}, text }));
    stream.on("error", reject).end();
  });
}

/**
 * Opens a WebSocket and says `ping` once. Resolves when the answer is no upgrade or, an upgrade, with what came back; with `watch`
 * (milliseconds) it then waits that long for the gateway to end the stream.
 */
export function websocket(
  envoy: Envoy,
  { host, path, token: bearer }: Call,
  watch = 0,
): Promise<{ status: number; echo: string; ended: boolean }> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ host: "127.0.0.1", port: envoy.laid.places.ports.https, servername: host, rejectUnauthorized: false });
    const auth = bearer === undefined ? "" : `Authorization: Bearer ${bearer}\r\n`;
    const upgrade = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n`;
    let [text, status, echo] = ["", 0, ""];
    const end = (ended: boolean): void => (socket.destroy(), resolve({ status, echo, ended }));
    socket.setTimeout(timeout, () => socket.destroy(new Error(`no answer in ${timeout} ms`)));
    socket
      .once("error", reject)
      .once("secureConnect", () => socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${upgrade}${auth}\r\n`));
    socket.once("close", () => end(true));
    socket.on("data", (data: Buffer) => {
      text += data.toString();
      const [head = "", rest] = text.split("\r\n\r\n");
      if (rest === undefined || echo !== "") return;
      if (status === 0) {
        status = Number(head.split(" ")[1]);
        if (status !== 101) return end(false);
        socket.write("ping");
      }
      if (!rest.includes("ping")) return;
      echo = "ping";
      setTimeout(() => end(false), watch);
    });
  });
}
