import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import path from "node:path";
import { ask, Program, toolPath, until } from "./program-kit";

const access = { key: "tests", secret: "only-on-loopback" };

/** An S3 server on a folder; buckets are the folders in it. */
export class S3Server {
  public readonly root: string;
  private constructor(
    private readonly program: Program,
    private readonly address: string,
    folder: string,
  ) {
    this.root = path.join(folder, "buckets");
  }

  public static async of(folder: string, address: string, buckets: readonly string[]): Promise<S3Server> {
    const args = [
      "--quiet",
      "--region",
      "eu-west-1",
      "--port",
      `${address}:7070`,
      "--access",
      access.key,
      "--secret",
      access.secret,
      "posix",
      path.join(folder, "buckets"),
    ];
    const program = new Program("versitygw", { file: await toolPath("versitygw"), args, env: {} }, folder);
    const server = new S3Server(program, address, folder);
    for (const bucket of buckets) fs.mkdirSync(path.join(server.root, bucket), { recursive: true });
    return server;
  }

  public get endpoint(): string {
    return `${this.address}:7070`;
  }

  public async start(): Promise<void> {
    this.program.start();
    await until(
      10_000,
      "the S3 server",
      async () => (await ask(`http://${this.endpoint}/`)).status === 403,
      () => this.program.log,
    );
  }

  /** Every object of a bucket by its key. */
  public keys(bucket: string): string[] {
    const files = fs.readdirSync(path.join(this.root, bucket), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return files.map((file) => path.relative(path.join(this.root, bucket), path.join(file.parentPath, file.name))).sort();
  }

  public stop(): Promise<void> {
    return this.program.kill();
  }
}

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

/** Environment by which the AWS SDK asks for credentials, as EKS Pod Identity sets it, and the endpoint that answers. */
export async function podIdentity(folder: string, address: string): Promise<{ env: Record<string, string>; server: Listener }> {
  const token = path.join(folder, "identity-token");
  fs.writeFileSync(token, "the-token-of-the-pod");
  const server = http.createServer((request, response) => {
    const isOurs = request.headers.authorization === "the-token-of-the-pod";
    const found = {
      AccessKeyId: access.key,
      SecretAccessKey: access.secret,
      Token: "",
      Expiration: new Date(Date.now() + 3_600_000).toISOString(),
    };
    response.writeHead(isOurs ? 200 : 401, { "content-type": "application/json" }).end(isOurs ? JSON.stringify(found) : "{}");
  });
  const env = {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://${address}:8090/v1/credentials`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: token,
  };
  return { env, server: await Listener.on(server, address, 8090) };
}

/** The same keys for a pod that is given them by its Secret. */
export const staticKeys = { accessKeyId: access.key, secretAccessKey: access.secret };

/** An Alertmanager that remembers what it was sent: path, tenant, body. */
export async function alertmanager(
  address: string,
  port: number,
): Promise<{ seen: { url: string; tenant: string; body: string }[]; server: Listener }> {
  const seen: { url: string; tenant: string; body: string }[] = [];
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

/** As much of memcached as its clients use: text protocol, `gets` and `set`. `hits` are keys that were asked for and found. */
export async function memcached(address: string): Promise<{ items: Map<string, Buffer>; hits: Set<string>; server: Listener }> {
  const items = new Map<string, Buffer>();
  const hits = new Set<string>();
  const server = net.createServer((socket) => {
    let pending: Buffer = Buffer.alloc(0);
    socket.on("data", (data: Buffer) => {
      pending = Buffer.concat([pending, data]);
      for (let rest = step(pending); rest !== undefined; rest = step(pending)) pending = rest;
    });
    /** Answers the first command; gives what is behind it, or undefined while it is not all there. */
    const step = (text: Buffer): Buffer | undefined => {
      const end = text.indexOf("\r\n");
      if (end < 0) return undefined;
      const [verb = "", ...words] = text.subarray(0, end).toString().split(" ");
      if (verb !== "set") {
        const found = words.flatMap((key) => {
          const value = items.get(key);
          if (value === undefined) return [];
          hits.add(key);
          return [Buffer.from(`VALUE ${key} 0 ${value.length} 1\r\n`), value, Buffer.from("\r\n")];
        });
        socket.write(Buffer.concat([...found, Buffer.from("END\r\n")]));
        return text.subarray(end + 2);
      }
      const length = Number(words[3]);
      if (text.length < end + 2 + length + 2) return undefined;
      items.set(words[0] ?? "", Buffer.from(text.subarray(end + 2, end + 2 + length)));
      socket.write("STORED\r\n");
      return text.subarray(end + 2 + length + 2);
    };
  });
  return { items, hits, server: await Listener.on(server, address, 11211) };
}
