import type { TLSSocket } from "node:tls";
import type { Field, Http2Request } from "./attack";
import { connect, type Reply } from "./http1-wire";

/**
 * HTTP/2 by hand (RFC 9113, header fields as literals of RFC 7541, 6.2.2): a client library would refuse to send most of what attackers do.
 * One connection, one stream.
 */

const types = { data: 0, headers: 1, reset: 3, settings: 4, goaway: 7, windowUpdate: 8, continuation: 9 } as const;
const flags = { ack: 1, endStream: 1, endHeaders: 4 } as const;
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/** Largest frame that every peer takes. */
const frameBytes = 16_384;

/** An answer, and what the other end said of itself. */
export interface Http2Reply extends Reply {
  /** Settings by their number (RFC 9113, 6.5.2). */
  readonly settings: Readonly<Record<number, number>>;
  /** Bytes by which the connection's window was widened at the start. */
  readonly widened: number;
}

function frame(type: number, flag: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flag, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function integer(value: number): Buffer {
  if (value < 127) return Buffer.from([value]);
  const bytes = [127];
  let rest = value - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

function literal([name, value]: Field): Buffer {
  const texts = [name, value].map((text) => Buffer.from(text, "latin1"));
  return Buffer.concat([Buffer.from([0]), ...texts.flatMap((text) => [integer(text.length), text])]);
}

function headerFrames(fields: readonly Field[], endStream: boolean): Buffer {
  const block = Buffer.concat(fields.map(literal));
  const parts = Array.from({ length: Math.max(1, Math.ceil(block.length / frameBytes)) }, (_, i) =>
    block.subarray(i * frameBytes, (i + 1) * frameBytes),
  );
  return Buffer.concat(
    parts.map((part, i) => {
      const flag = (i === 0 && endStream ? flags.endStream : 0) | (i === parts.length - 1 ? flags.endHeaders : 0);
      return frame(i === 0 ? types.headers : types.continuation, flag, 1, part);
    }),
  );
}

/** The bytes of a connection with one request. */
export function http2Bytes({ fields, body = "", trailers }: Http2Request): Buffer {
  // No table of fields for the answer: its status is then readable by itself.
  const settings = frame(types.settings, 0, 0, Buffer.from([0, 1, 0, 0, 0, 0]));
  const frames = [headerFrames(fields, body === "" && trailers === undefined)];
  if (body !== "" || trailers !== undefined)
    frames.push(frame(types.data, trailers === undefined ? flags.endStream : 0, 1, Buffer.from(body, "latin1")));
  if (trailers !== undefined) frames.push(headerFrames(trailers, true));
  return Buffer.concat([Buffer.from(preface), settings, ...frames]);
}

/** Status of a header block: an entry of the static table (RFC 7541, appendix A), or a literal of three digits, Huffman coded or not. */
function statusOf(block: Buffer): number {
  let at = 0;
  // Changes of the table's size come first.
  while (((block[at] ?? 0) & 0xe0) === 0x20) at++;
  const first = block[at] ?? 0;
  if ((first & 0x80) !== 0) return [200, 204, 206, 304, 400, 404, 500][(first & 0x7f) - 8] ?? 0;
  const length = block[at + 1] ?? 0;
  const text = block.subarray(at + 2, at + 2 + (length & 0x7f));
  return Number((length & 0x80) === 0 ? text.toString() : digits(text));
}

/** RFC 7541, appendix B: 0 to 2 have five bits, 3 to 9 six. */
function digits(text: Buffer): string {
  const bits = [...text].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  let [out, at] = ["", 0];
  while (out.length < 3 && at < bits.length) {
    const five = parseInt(bits.slice(at, at + 5), 2);
    const short = five <= 2;
    out += String(short ? five : parseInt(bits.slice(at, at + 6), 2) - 0b011001 + 3);
    at += short ? 5 : 6;
  }
  return out;
}

/** Sends one request on a connection of its own and waits for its answer, or for the end; at most `wait` milliseconds. */
export async function http2Exchange(port: number, servername: string, request: Http2Request, wait = 8000): Promise<Http2Reply> {
  const socket = await connect(port, servername, ["h2"]);
  return new Promise((resolve) => {
    const reader = new Reader(socket, (reply) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(reply);
    });
    const timer = setTimeout(() => reader.end(false), wait);
    socket.write(http2Bytes(request));
  });
}

class Reader {
  private left = Buffer.alloc(0);
  private status = 0;
  private text = "";
  private widened = 0;
  private over = false;
  private readonly settings: Record<number, number> = {};

  public constructor(
    private readonly socket: TLSSocket,
    private readonly done: (reply: Http2Reply) => void,
  ) {
    const end = (): void => this.end(true);
    socket
      .on("data", (data: Buffer) => this.take(data))
      .on("error", end)
      .on("end", end)
      .on("close", end);
  }

  public end(closed: boolean): void {
    if (this.over) return;
    this.over = true;
    this.done({ status: this.status, headers: [], text: this.text, closed, settings: this.settings, widened: this.widened });
  }

  private take(data: Buffer): void {
    this.left = Buffer.concat([this.left, data]);
    while (this.left.length >= 9) {
      const length = this.left.readUIntBE(0, 3);
      if (this.left.length < 9 + length) return;
      const [type = 0, flag = 0] = [this.left[3], this.left[4]];
      this.frame(type, flag, this.left.readUInt32BE(5), this.left.subarray(9, 9 + length));
      this.left = this.left.subarray(9 + length);
    }
  }

  private frame(type: number, flag: number, stream: number, payload: Buffer): void {
    if (type === types.settings && (flag & flags.ack) === 0) {
      for (let at = 0; at + 6 <= payload.length; at += 6) this.settings[payload.readUInt16BE(at)] = payload.readUInt32BE(at + 2);
      this.socket.write(frame(types.settings, flags.ack, 0, Buffer.alloc(0)));
    }
    if (type === types.windowUpdate && stream === 0 && this.widened === 0) this.widened = payload.readUInt32BE(0);
    if (type === types.headers && this.status === 0) this.status = statusOf(payload);
    if (type === types.data) this.text += payload.toString("latin1");
    // The first of a graceful end only announces it (RFC 9113, 6.8).
    const announced = type === types.goaway && payload.readUInt32BE(0) === 0x7fffffff;
    if (type === types.reset || (type === types.goaway && !announced)) this.end(true);
    else if ((type === types.headers || type === types.data) && (flag & flags.endStream) !== 0) this.end(false);
  }
}
