/** Requests to one Kubernetes API server: kept connections, time limits, retries, errors for people. */
import http from "node:http";
import https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubeConfig } from "@kubernetes/client-node";
import { linked } from "../../signals";
import { CancelledError, UserError } from "../protocol/errors";
import type { Fields } from "../protocol/values";

/** What the API server answers instead of an object (meta/v1 Status). */
export interface ApiStatus {
  code: number;
  reason: string;
  message: string;
  causes: { reason: string; message: string; field: string }[];
  /** Resource the status is about, e.g. `namespaces` when the namespace of an object is missing. */
  kind: string;
}

/** The API server refused a request. */
export class ApiError extends UserError {
  constructor(readonly status: ApiStatus) {
    super(status.message);
  }
}

/** The API server could not be reached at all. */
export class UnreachableError extends UserError {}

/** One request; `path` begins with `/api`. */
export interface ApiRequest {
  method: "GET" | "PATCH" | "DELETE";
  path: string;
  query?: Record<string, string>;
  body?: unknown;
  contentType?: string;
}

/** A good answer; `warnings` are the server's own (deprecated versions and the like). */
export interface ApiAnswer {
  code: number;
  body: Fields;
  warnings: string[];
}

interface RawAnswer {
  code: number;
  text: string;
  warnings: string[];
  retryAfter: number | undefined;
}

// As many sockets as the engine runs operations on a small machine; more only queue inside the API server.
const maximumSockets = 32;
const requestMilliseconds = 60_000;
// 7 tries with doubling pauses from 0.1 s: an API server that restarts (3 s) is survived, a dead one reported within 7 s.
const tries = 7;
const firstPauseMilliseconds = 100;
const longestPauseMilliseconds = 3_000;
const connectionErrors = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
]);
const passingCodes = new Set([429, 502, 503, 504]);

function warningsOf(header: string | string[] | undefined): string[] {
  // RFC 7234: 299 - "text"; Node joins several with ", ".
  return [...String(header ?? "").matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map((match) => (match[1] ?? "").replaceAll('\\"', '"'));
}

function statusOf(code: number, text: string): ApiStatus {
  let body: { reason?: string; message?: string; details?: { kind?: string; causes?: Partial<ApiStatus["causes"][number]>[] } } = {};
  try {
    body = JSON.parse(text) as typeof body;
  } catch {
    // A proxy or an authenticator answered in plain text.
  }
  const causes = (body.details?.causes ?? []).map((cause) => ({
    reason: cause.reason ?? "",
    message: cause.message ?? "",
    field: cause.field ?? "",
  }));
  const message = body.message ?? (text.trim().slice(0, 500) || `HTTP status ${code}`);
  return { code, reason: body.reason ?? "", message, causes, kind: body.details?.kind ?? "" };
}

// etcd changes its leader or is slow: the same request succeeds a moment later. Other 500s (a broken webhook, a bad patch) stay.
function passes(answer: RawAnswer): boolean {
  return passingCodes.has(answer.code) || (answer.code === 500 && /etcdserver:|storage is \(re\)initializing/.test(answer.text));
}

/** A client of the cluster that `config`'s current context names. */
export class ApiClient {
  readonly server: string;
  #connection: Promise<https.RequestOptions> | undefined;
  readonly #stop = new AbortController();

  constructor(
    readonly config: KubeConfig,
    private readonly timeoutMilliseconds = requestMilliseconds,
  ) {
    const cluster = config.getCurrentCluster();
    if (!cluster)
      throw new UserError(
        `context "${config.getCurrentContext()}" of the kubeconfig names no cluster in it; correct kubeconfig, context or cluster of the provider`,
      );
    this.server = cluster.server.replace(/\/+$/, "");
  }

  /** Ends all requests and waits, now and later. */
  cancel(): void {
    this.#stop.abort();
  }

  /** Rests; throws `CancelledError` when cancelled meanwhile. */
  async pause(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.#stop.signal }).catch(() => {
      throw new CancelledError("cancelled");
    });
  }

  /** Sends a request, again while the trouble may pass. Throws `ApiError` (refused) or `UnreachableError`. */
  async request(request: ApiRequest): Promise<ApiAnswer> {
    let renewed = false;
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#attempt(request);
      if (!(answer instanceof Error) && answer.code < 300) return { ...answer, body: JSON.parse(answer.text || "{}") as Fields };
      if (!(answer instanceof Error) && answer.code === 401 && !renewed) {
        // Short-lived credentials (exec plugins) end in the middle of a long run.
        renewed = true;
        this.#connection = undefined;
        continue;
      }
      const final = answer instanceof Error || passes(answer) ? attempt >= tries : true;
      if (final) throw answer instanceof Error ? answer : new ApiError(statusOf(answer.code, answer.text));
      const retryAfter = answer instanceof Error ? undefined : answer.retryAfter;
      await this.pause(Math.min(longestPauseMilliseconds, retryAfter ?? firstPauseMilliseconds * 2 ** (attempt - 1)));
    }
  }

  /** GET of one object; undefined when there is none. */
  async get(path: string): Promise<Fields | undefined> {
    try {
      return (await this.request({ method: "GET", path })).body;
    } catch (error) {
      if (error instanceof ApiError && error.status.code === 404) return undefined;
      throw error;
    }
  }

  async #attempt(request: ApiRequest): Promise<RawAnswer | UnreachableError> {
    try {
      return await this.#send(request);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "";
      if (this.#stop.signal.aborted) throw new CancelledError("cancelled");
      if (connectionErrors.has(code)) return new UnreachableError(this.#explain(code));
      if (error instanceof UserError) throw error;
      throw new UserError(
        `the Kubernetes API server at ${this.server} cannot be used: ${(error as Error).message}. Check the certificates and credentials of context "${this.config.getCurrentContext()}".`,
      );
    }
  }

  #explain(code: string): string {
    const why =
      code === "ECONNREFUSED"
        ? "nothing listens there (connection refused)"
        : code === "ENOTFOUND" || code === "EAI_AGAIN"
          ? "its host name cannot be resolved"
          : code;
    return `the Kubernetes API server at ${this.server} cannot be reached: ${why}. Start the cluster, or correct kubeconfig and context ("${this.config.getCurrentContext()}") of the provider; nothing was changed by this request.`;
  }

  async #open(): Promise<https.RequestOptions> {
    const options: https.RequestOptions = {};
    await this.config.applyToHTTPSOptions(options);
    const agent = options.agent as https.Agent;
    // The client library makes an agent without kept connections; a TLS handshake a request would cost more than the request.
    Object.assign(agent, { keepAlive: true, maxSockets: maximumSockets });
    Object.assign(agent.options, { keepAlive: true });
    return options;
  }

  async #send(request: ApiRequest): Promise<RawAnswer> {
    const connection = await (this.#connection ??= this.#open());
    const url = new URL(this.server + request.path);
    for (const [key, value] of Object.entries(request.query ?? {})) url.searchParams.set(key, value);
    const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
    const headers: http.OutgoingHttpHeaders = {
      ...(connection.headers as http.OutgoingHttpHeaders),
      Accept: "application/json",
      "User-Agent": "tenantstack",
    };
    if (body) Object.assign(headers, { "Content-Type": request.contentType ?? "application/json", "Content-Length": body.length });
    const { agent, auth } = connection;
    const { signal, release } = linked([this.#stop.signal], this.timeoutMilliseconds);
    const options: https.RequestOptions = { method: request.method, headers, agent, signal, ...(auth ? { auth } : {}) };
    return new Promise<RawAnswer>((resolve, reject) => {
      const late = () =>
        new UserError(
          `the Kubernetes API server at ${this.server} gave no answer to ${request.method} ${request.path} within ${this.timeoutMilliseconds / 1000} s`,
        );
      const failed = (error: Error) => reject(error.name === "AbortError" ? late() : error);
      const sent = (url.protocol === "http:" ? http : https).request(url, options, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", failed);
        response.on("end", () => {
          const retryAfter = Number(response.headers["retry-after"]) * 1000 || undefined;
          resolve({
            code: response.statusCode ?? 0,
            text: Buffer.concat(chunks).toString("utf8"),
            warnings: warningsOf(response.headers.warning),
            retryAfter,
          });
        });
      });
      sent.on("error", failed).end(body);
    }).finally(release);
  }
}
