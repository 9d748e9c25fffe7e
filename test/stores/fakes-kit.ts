import http from "node:http";
import net from "node:net";

/** What memcached keeps, spoken to in its text protocol (https://github.com/memcached/memcached/blob/master/doc/protocol.txt). */
export class FakeMemcached {
  public readonly items = new Map<string, Buffer>();
  public hits = 0;
  private readonly server = net.createServer((socket) => this.serve(socket));

  public async listen(host: string, port: number): Promise<void> {
    await new Promise<void>((done, failed) => this.server.once("error", failed).listen(port, host, done));
  }

  public close(): void {
    this.server.close();
  }

  private serve(socket: net.Socket): void {
    let buffer = Buffer.alloc(0);
    socket.on("error", () => undefined);
    socket.on("data", (data: Buffer) => {
      buffer = Buffer.concat([buffer, data]);
      for (;;) {
        const end = buffer.indexOf("\r\n");
        if (end < 0) return;
        const [command = "", ...words] = buffer.subarray(0, end).toString().split(" ");
        if (command !== "set") {
          buffer = buffer.subarray(end + 2);
          socket.write(command === "get" || command === "gets" ? this.found(words) : Buffer.from("VERSION 1.6\r\n"));
          continue;
        }
        const size = Number(words[3]);
        if (buffer.length < end + 2 + size + 2) return;
        this.items.set(words[0] ?? "", Buffer.from(buffer.subarray(end + 2, end + 2 + size)));
        buffer = buffer.subarray(end + 2 + size + 2);
        socket.write("STORED\r\n");
      }
    });
  }

  private found(keys: readonly string[]): Buffer {
    const parts = keys.flatMap((key) => {
      const item = this.items.get(key);
      if (item === undefined) return [];
      this.hits++;
      return [Buffer.from(`VALUE ${key} 0 ${item.length} 1\r\n`), item, Buffer.from("\r\n")];
    });
    return Buffer.concat([...parts, Buffer.from("END\r\n")]);
  }
}

/** A Prometheus that has scraped `targets` and answers one query: the sum of a gauge by `tenant`, divided. */
export class FakePrometheus {
  public readonly queries: string[] = [];
  private readonly server = http.createServer((request, response) => void this.answer(request, response));

  public constructor(
    private readonly targets: () => readonly string[],
    private readonly metric: string,
    private readonly divisor: number,
  ) {}

  public async listen(host: string, port: number): Promise<void> {
    await new Promise<void>((done, failed) => this.server.once("error", failed).listen(port, host, done));
  }

  public close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    this.queries.push(new URL(request.url ?? "", "http://x").searchParams.get("query") ?? "");
    const sums = new Map<string, number>();
    for (const target of this.targets()) {
      const text = await fetch(`http://${target}/metrics`).then((r) => r.text(), () => ""); // prettier-ignore
      for (const [, tenant = "", value] of text.matchAll(new RegExp(`^${this.metric}\\{.*?tenant="([^"]*)".*?\\} (\\S+)$`, "gm")))
        sums.set(tenant, (sums.get(tenant) ?? 0) + Number(value));
    }
    const now = Date.now() / 1000;
    const result = [...sums].map(([tenant, sum]) => ({ metric: { tenant }, value: [now, String(sum / this.divisor)] }));
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ status: "success", data: { resultType: "vector", result } }));
  }
}
