import https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";

/** How long a question is asked again, unless told otherwise: rings settle, gateways read a new key. */
const usualPatience = 20_000;

export const isGood = (status: number): boolean => status >= 200 && status < 300;

/** What came back. */
export interface Answer {
  /** 0: nobody answered; `text` says why. */
  readonly status: number;
  readonly text: string;
}

/** One request. */
export interface Question {
  readonly url: string;
  /** Bearer token; absent: none is sent. */
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON of a POST, made anew for each try; absent: a GET. */
  readonly body?: () => string;
}

/** Sends requests for any public host of a stack to where this machine takes them in, whatever the host's name means elsewhere. */
export class Client {
  public constructor(
    private readonly entry: { readonly address: string; readonly port: number },
    private readonly ca: string,
    /** Milliseconds. */
    private readonly patience = usualPatience,
  ) {}

  /** One request; an error is an answer with status 0. */
  public async ask({ url, token, body, headers: more }: Question): Promise<Answer> {
    const { hostname, pathname, search } = new URL(url);
    const text = body?.();
    const headers = {
      host: hostname,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(text !== undefined && { "content-type": "application/json" }),
      ...more,
    };
    return new Promise((resolve) => {
      const options = {
        host: this.entry.address,
        port: this.entry.port,
        servername: hostname,
        ca: this.ca,
        path: pathname + search,
        method: text === undefined ? "GET" : "POST",
        headers,
        agent: false,
        signal: AbortSignal.timeout(10_000),
      };
      const request = https.request(options, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("error", (error) => resolve({ status: 0, text: error.message }));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString("utf8") }));
      });
      request.on("error", (error) => resolve({ status: 0, text: error.message }));
      request.end(text);
    });
  }

  /** Asks again until the answer is the wanted one, as long as the client is patient. */
  public async until(question: Question, wanted: (answer: Answer) => boolean): Promise<{ answer: Answer; good: boolean }> {
    const end = Date.now() + this.patience;
    for (;;) {
      const answer = await this.ask(question);
      const good = wanted(answer);
      if (good || Date.now() > end) return { answer, good };
      await sleep(250);
    }
  }

  public async untilGood(question: Question): Promise<Answer> {
    return (await this.until(question, ({ status }) => isGood(status))).answer;
  }
}
