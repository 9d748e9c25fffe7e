import fs from "node:fs";
import https from "node:https";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Layout } from "./layout";

/** An answer of a server: the status and the body as text. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** What to ask. */
export interface Question {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  readonly accept?: string;
  /** Milliseconds, 10 s if absent. */
  readonly timeout?: number;
}

/** Content type of a server-side apply. */
export const applyPatch = "application/apply-patch+yaml";
/** Content type of a JSON merge patch. */
export const mergePatch = "application/merge-patch+json";

/**
 * A small HTTPS client for the parts on loopback. Not the Kubernetes client: bring-up needs five requests, CRDs are sent as the text they are
 * (parsing megabytes of YAML would cost seconds), and starting must stay fast.
 */
export class Api {
  private readonly agent: https.Agent;

  /** `port` on 127.0.0.1; the certificates are those of the administrator. */
  public constructor(
    layout: Layout,
    private readonly port: number,
  ) {
    const read = (name: string): Buffer => fs.readFileSync(path.join(layout.pki, name));
    this.agent = new https.Agent({ ca: read("ca.crt"), cert: read("admin.crt"), key: read("admin.key"), keepAlive: true, maxSockets: 8 });
  }

  /** One request, one answer, whatever its status. Throws where nobody answers in time. */
  public async ask(question: Question): Promise<Answer> {
    const timeout = question.timeout ?? 10_000;
    const headers = {
      accept: question.accept ?? "application/json",
      ...(question.body === undefined
        ? {}
        : { "content-type": question.contentType ?? "application/json", "content-length": Buffer.byteLength(question.body) }),
    };
    return new Promise((resolve, reject) => {
      const options = {
        host: "127.0.0.1",
        port: this.port,
        path: question.path,
        method: question.method ?? "GET",
        agent: this.agent,
        headers,
      };
      const request = https.request({ ...options, signal: AbortSignal.timeout(timeout) }, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("error", reject);
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString("utf8") }));
      });
      request.on("error", reject);
      request.end(question.body);
    });
  }

  /** Whether a GET of `path` is answered with 200. Nobody listening is a plain no. */
  public async healthy(path: string): Promise<boolean> {
    try {
      return (await this.ask({ path, accept: "*/*", timeout: 3_000 })).status === 200;
    } catch {
      return false;
    }
  }

  /**
   * Like `ask`, and asks again while the server says that it is busy or not yet open (429 and 503: it opens each store at its first use), for
   * half a minute at most. Only for requests that may be repeated.
   */
  public async askPatiently(question: Question): Promise<Answer> {
    const until = Date.now() + 30_000;
    for (;;) {
      const answer = await this.ask(question);
      if ((answer.status !== 429 && answer.status !== 503) || Date.now() > until) return answer;
      await sleep(100);
    }
  }

  /** The JSON at `path`; undefined for 404. Throws on any other answer, with the server's message. */
  public async get<T>(path: string, accept?: string): Promise<T | undefined> {
    const answer = await this.askPatiently({ path, ...(accept === undefined ? {} : { accept }) });
    if (answer.status === 404) return undefined;
    return JSON.parse(expectOk(answer, `GET ${path}`)) as T;
  }

  /** Server-side apply of YAML or JSON text as the field manager of bring-up; takes over fields that others set. */
  public async apply(path: string, text: string): Promise<void> {
    const where = `${path}?fieldManager=tenantstack-embedded&force=true`;
    const answer = await this.askPatiently({
      method: "PATCH",
      path: where,
      body: text,
      contentType: applyPatch,
      timeout: 30_000,
    });
    expectOk(answer, `apply ${path}`);
  }

  /** Closes idle connections, so that the process may end. */
  public close(): void {
    this.agent.destroy();
  }
}

/** The clients of one bring-up, one a port, so that connections are kept. */
export class Apis {
  private readonly byPort = new Map<number, Api>();

  public constructor(private readonly layout: Layout) {}

  /** The client for a port of the cluster. */
  public at(port: number): Api {
    const api = this.byPort.get(port) ?? new Api(this.layout, port);
    this.byPort.set(port, api);
    return api;
  }

  /** Closes all connections. */
  public close(): void {
    for (const api of this.byPort.values()) api.close();
  }
}

/** The text of an answer with status 2xx; otherwise an error with what was asked and the server's own message. */
export function expectOk(answer: Answer, asked: string): string {
  if (answer.status >= 200 && answer.status < 300) return answer.text;
  let message = answer.text.slice(0, 500);
  try {
    message = (JSON.parse(answer.text) as { message?: string }).message ?? message;
  } catch {
    // Not JSON: the text itself is the message.
  }
  throw new Error(`the API server refused ${asked} with status ${answer.status}: ${message}`);
}
