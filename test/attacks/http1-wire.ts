import tls from "node:tls";

/** What came back: status 0 where the connection ended, or `limit` passed, without an answer. */
export interface Reply {
  readonly status: number;
  /** Header lines, names in small letters. */
  readonly headers: readonly (readonly [string, string])[];
  readonly text: string;
  /** The other end closed the connection. */
  readonly closed: boolean;
}

/** Longest wait for an answer, milliseconds. */
const limit = 8000;

/** One for all: making one costs as much as a handshake. */
const context = tls.createSecureContext();
/** Last session of each place: connections that take one up again cost half as much. */
const sessions = new Map<string, Buffer>();

/** Opens a TLS connection to loopback. */
export function connect(port: number, servername: string, protocols: string[] = []): Promise<tls.TLSSocket> {
  const place = `${port} ${servername}`;
  const session = sessions.get(place);
  return new Promise((resolve, reject) => {
    const socket = tls.connect({
      host: "127.0.0.1",
      port,
      servername,
      rejectUnauthorized: false,
      secureContext: context,
      ...(session !== undefined && { session }),
      ...(protocols.length > 0 && { ALPNProtocols: protocols }),
    });
    socket
      .setNoDelay(true)
      .on("session", (made: Buffer) => void sessions.set(place, made))
      .once("error", reject)
      .once("secureConnect", () => resolve(socket.off("error", reject)));
  });
}

/** An HTTP/1.1 connection on which bytes go out as they are; one request after the other. */
export class Connection {
  private got = "";
  private closed = false;
  private wake: (() => void) | undefined;

  private constructor(public readonly socket: tls.TLSSocket) {
    const woken = (): void => this.wake?.();
    const ended = (): void => void ((this.closed = true), woken());
    socket.on("data", (data: Buffer) => void ((this.got += data.toString("latin1")), woken()));
    socket.on("error", ended).on("end", ended).on("close", ended);
  }

  public static async open(port: number, servername: string): Promise<Connection> {
    return new Connection(await connect(port, servername));
  }

  /** False once the other end has closed it, or an answer did not end where it should. */
  public get usable(): boolean {
    return !this.closed && this.got === "";
  }

  public write(text: string): void {
    if (!this.closed) this.socket.write(Buffer.from(text, "latin1"));
  }

  /** Sends a request and waits for its answer, at most `wait` milliseconds. */
  public async exchange(text: string, wait = limit, bodiless = text.startsWith("HEAD ")): Promise<Reply> {
    this.write(text);
    return this.reply(wait, bodiless);
  }

  /** The next answer. */
  public reply(wait = limit, bodiless = false): Promise<Reply> {
    return new Promise((resolve) => {
      const done = (reply: Reply): void => {
        clearTimeout(timer);
        this.wake = undefined;
        resolve(reply);
      };
      const timer = setTimeout(() => done({ status: 0, headers: [], text: this.got, closed: this.closed }), wait);
      this.wake = () => {
        const reply = this.take(bodiless);
        if (reply !== undefined) done(reply);
        else if (this.closed) done({ status: 0, headers: [], text: this.got, closed: true });
      };
      this.wake();
    });
  }

  public close(): void {
    this.socket.destroy();
  }

  private take(bodiless: boolean): Reply | undefined {
    const end = this.got.indexOf("\r\n\r\n");
    if (end < 0) return undefined;
    const [first = "", ...lines] = this.got.slice(0, end).split("\r\n");
    const status = Number(first.split(" ")[1]);
    if (status === 100) {
      this.got = this.got.slice(end + 4);
      return this.take(bodiless);
    }
    const headers = lines.map((line) => {
      const at = line.indexOf(":");
      return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()] as const;
    });
    const value = (name: string): string | undefined => headers.find(([one]) => one === name)?.[1];
    const body = this.got.slice(end + 4);
    const length = this.length(body, bodiless || status === 101 || status === 204 || status === 304, value);
    if (length === undefined) return undefined;
    this.got = body.slice(length);
    if (value("connection") === "close") this.closed = true;
    return { status, headers, text: body.slice(0, length), closed: this.closed };
  }

  /** Bytes of the body, once it is there. */
  private length(body: string, bodiless: boolean, value: (name: string) => string | undefined): number | undefined {
    if (bodiless) return 0;
    const length = value("content-length");
    if (length !== undefined) return body.length >= Number(length) ? Number(length) : undefined;
    if (value("transfer-encoding") === "chunked") {
      const last = body.search(/(^|\r\n)0\r\n\r\n/);
      return last < 0 ? undefined : body.indexOf("0\r\n\r\n", last) + 5;
    }
    return this.closed ? body.length : undefined;
  }
}
