import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import path from "node:path";
import type { S3Keys } from "../../embedded/pods/s3";

/** What stands around the stores in tests: servers of Node's that remember what they were asked. */

/** A server of Node's that ends with the test. */
export class Listener {
  private readonly sockets = new Set<net.Socket>();
  private constructor(private readonly server: net.Server) {
    server.on("connection", (socket: net.Socket) => {
      this.sockets.add(socket);
      socket.on("error", () => socket.destroy()).on("close", () => this.sockets.delete(socket));
    });
  }

  public static async on(server: net.Server, address: string, port: number): Promise<Listener> {
    const listener = new Listener(server);
    await new Promise<void>((done, failed) => server.once("error", failed).listen(port, address, done));
    return listener;
  }

  public close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

/** Environment by which the AWS SDK asks for credentials, as EKS Pod Identity sets it, and the endpoint that answers with the keys. */
export async function podIdentity(
  folder: string,
  address: string,
  keys: S3Keys,
): Promise<{ env: Record<string, string>; server: Listener }> {
  const token = path.join(folder, "identity-token");
  fs.writeFileSync(token, "the-token-of-the-pod");
  const found = JSON.stringify({
    AccessKeyId: keys.accessKeyId,
    SecretAccessKey: keys.secretAccessKey,
    Token: "",
    Expiration: new Date(Date.now() + 3_600_000).toISOString(),
  });
  const server = http.createServer((request, response) => {
    const isOurs = request.headers.authorization === "the-token-of-the-pod";
    response.writeHead(isOurs ? 200 : 401, { "content-type": "application/json" }).end(isOurs ? found : "{}");
  });
  const env = {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://${address}:8090/v1/credentials`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: token,
  };
  return { env, server: await Listener.on(server, address, 8090) };
}

/** What an Alertmanager was sent. */
export interface Notified {
  readonly url: string;
  readonly tenant: string;
  readonly body: string;
}

/** An Alertmanager that only remembers. */
export async function alertmanager(address: string, port: number): Promise<{ seen: Notified[]; server: Listener }> {
  const seen: Notified[] = [];
  const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (data: Buffer) => (body += data.toString()));
    request.on("end", () => {
      seen.push({ url: request.url ?? "", tenant: String(request.headers["x-scope-orgid"]), body });
      response.end();
    });
  });
  return { seen, server: await Listener.on(server, address, port) };
}

/** What memcached keeps, and the keys that were asked for and found. */
export interface Memcached {
  readonly items: Map<string, Buffer>;
  readonly hits: Set<string>;
  readonly server: Listener;
}

/**
 * As much of memcached as its clients use: `get`, `gets` and `set` of its text protocol
 * (https://github.com/memcached/memcached/blob/master/doc/protocol.txt), and any other word is answered with a version.
 */
export async function memcached(address: string): Promise<Memcached> {
  const items = new Map<string, Buffer>();
  const hits = new Set<string>();
  const found = (keys: readonly string[]) =>
    keys.flatMap((key) => {
      const value = items.get(key);
      if (value === undefined) return [];
      hits.add(key);
      return [Buffer.from(`VALUE ${key} 0 ${value.length} 1\r\n`), value, Buffer.from("\r\n")];
    });
  /** Answers the first command; gives what is behind it, or undefined while it is not all there. */
  const step = (socket: net.Socket, text: Buffer): Buffer | undefined => {
    const end = text.indexOf("\r\n");
    if (end < 0) return undefined;
    const [verb = "", ...words] = text.subarray(0, end).toString().split(" ");
    if (verb !== "set") {
      const answer = verb === "get" || verb === "gets" ? [...found(words), Buffer.from("END\r\n")] : [Buffer.from("VERSION 1.6\r\n")];
      socket.write(Buffer.concat(answer));
      return text.subarray(end + 2);
    }
    const length = Number(words[3]);
    if (text.length < end + 2 + length + 2) return undefined;
    items.set(words[0] ?? "", Buffer.from(text.subarray(end + 2, end + 2 + length)));
    socket.write("STORED\r\n");
    return text.subarray(end + 2 + length + 2);
  };
  const server = net.createServer((socket) => {
    let pending: Buffer = Buffer.alloc(0);
    socket.on("data", (data: Buffer) => {
      pending = Buffer.concat([pending, data]);
      for (let rest = step(socket, pending); rest !== undefined; rest = step(socket, pending)) pending = rest;
    });
  });
  return { items, hits, server: await Listener.on(server, address, 11211) };
}
