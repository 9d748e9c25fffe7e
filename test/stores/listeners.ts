import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import path from "node:path";

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

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Environment by which the AWS SDK asks for credentials, as EKS Pod Identity sets it, and the endpoint that answers with the keys. */
export async function podIdentity(folder: string, address: string, keys: Keys): Promise<{ env: Record<string, string>; server: Listener }> {
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
