import { randomUUID } from "node:crypto";
import fs from "node:fs";
import { tenantNamespace } from "../model/names";
import type { Scope } from "../model/routes";
import { mint, userClaims } from "../model/tokens";
import { Client, isGood, type Answer } from "./client";
import type { SigningKey, Up } from "./local";

/** What a person needs to use a tenant, as the stack's output `endpoints` says it. */
export interface Endpoints {
  readonly grafana?: string;
  readonly metrics?: string;
  readonly logs?: string;
  readonly datadog?: string;
}

/** One step of a proof as it is printed: `push metric 200`. */
interface Step {
  readonly text: string;
  readonly ok: boolean;
  /** Which logs tell more where it failed: `cortex`, `loki`, `thanos`. */
  readonly system: string;
}

/** What a tenant's endpoints answered. */
export interface Proof {
  readonly tenant: string;
  readonly steps: readonly Step[];
  readonly ok: boolean;
}

/** The name of the series and of the job that proofs write; a series and a stream a tenant. */
const job = "tenantstack-proof";
const metric = "tenantstack_proof";
const tokenSeconds = 600;
const proofScopes: readonly Scope[] = ["metrics:write", "metrics:read", "logs:write", "logs:read"];

/**
 * Asks every active tenant's endpoints as a client would, through the entry and with the stack's certificate authority: pushes a sample and a
 * line, reads both back, and shows the token of another tenant. Says what was really answered.
 * @param patience milliseconds that one step is tried for.
 */
export async function prove(up: Up, patience?: number): Promise<Proof[]> {
  const { pods, authority } = up;
  if (pods === undefined || authority === undefined) return [];
  const states = (up.outputs["tenants"] ?? {}) as Readonly<Record<string, string>>;
  const endpoints = (up.outputs["endpoints"] ?? {}) as Readonly<Record<string, Endpoints>>;
  const names = Object.keys(states).sort();
  const client = new Client(pods.entry, fs.readFileSync(authority, "utf8"), patience);
  return Promise.all(
    names
      .filter((name) => states[name] === "active")
      .map(async (name) => {
        const other = names.find((one) => one !== name && up.signing[one] !== undefined);
        const steps = await stepsOf(up, client, endpoints[name] ?? {}, name, other);
        return { tenant: name, steps, ok: steps.every((step) => step.ok) };
      }),
  );
}

async function stepsOf(up: Up, client: Client, at: Endpoints, tenant: string, other: string | undefined): Promise<Step[]> {
  const token = tokenOf(up, tenant);
  const [metrics, logs] = await Promise.all([
    at.metrics === undefined ? [] : metricSteps(client, at.metrics, token),
    at.logs === undefined ? [] : logSteps(client, at.logs, token),
  ]);
  const foreign = other === undefined ? [] : await foreignSteps(client, at, tokenOf(up, other), other);
  return [...metrics, ...logs, ...foreign];
}

/** A token for a few minutes, of a tenant of a stack that is up. */
export function tokenOf(up: Pick<Up, "signing" | "stack">, tenant: string, scopes: readonly Scope[] = proofScopes): string {
  const key: SigningKey | undefined = up.signing[tenant];
  if (key === undefined) throw new Error(`the stack's outputs hold no key of ${tenant}; run npm start again`);
  const claims = userClaims({ tenant, stack: up.stack.name, scopes, jti: randomUUID(), now: Date.now() / 1000, seconds: tokenSeconds });
  return mint({ privateKey: key.privateKeyPem, kid: key.kid, claims });
}

/** Paths of one system of metrics, by the first label of its host. */
const metricPaths: Readonly<Record<string, { readonly push: string; readonly query: string }>> = {
  cortex: { push: "/api/v1/otlp/v1/metrics", query: "/prometheus/api/v1/query" },
  thanos: { push: "/api/v1/otlp", query: "/api/v1/query" },
};

const systemOf = (url: string): string => new URL(url).hostname.split(".")[0] ?? "";

async function metricSteps(client: Client, base: string, token: string): Promise<Step[]> {
  const system = systemOf(base);
  const paths = metricPaths[system];
  if (paths === undefined) throw new Error(`${base}: no proof for this system of metrics`);
  const value = Date.now();
  const pushed = await client.untilGood({ url: base + paths.push, token, body: () => sample(value) });
  const query = `${base}${paths.query}?query=${encodeURIComponent(`${metric}{job="${job}"}`)}`;
  const read = await client.until({ url: query, token }, (answer) => answer.status === 200 && lastValue(answer.text) === String(value));
  return [step("push metric", pushed, system), readBack(read, system)];
}

/** One gauge as OTLP in JSON: the one protocol of all three systems that needs no library. */
function sample(value: number): string {
  const point = { asDouble: value, timeUnixNano: `${Date.now()}000000` };
  const resource = { attributes: [{ key: "service.name", value: { stringValue: job } }] };
  return JSON.stringify({
    resourceMetrics: [{ resource, scopeMetrics: [{ metrics: [{ name: metric, gauge: { dataPoints: [point] } }] }] }],
  });
}

function lastValue(text: string): string | undefined {
  const read = JSON.parse(text) as { data?: { result?: { value?: [number, string] }[] } };
  return read.data?.result?.[0]?.value?.[1];
}

async function logSteps(client: Client, base: string, token: string): Promise<Step[]> {
  const line = `proof ${randomUUID()}`;
  const body = () => JSON.stringify({ streams: [{ stream: { job }, values: [[`${Date.now()}000000`, line]] }] });
  const pushed = await client.untilGood({ url: `${base}/loki/api/v1/push`, token, body });
  const query = `${base}/loki/api/v1/query_range?limit=20&query=${encodeURIComponent(`{job="${job}"}`)}`;
  const read = await client.until({ url: query, token }, (answer) => answer.status === 200 && answer.text.includes(line));
  return [step("push log", pushed, "loki"), readBack(read, "loki")];
}

/** With another tenant's token: refused at once, so it is asked once. */
async function foreignSteps(client: Client, at: Endpoints, token: string, other: string): Promise<Step[]> {
  const url = at.metrics ? at.metrics + (metricPaths[systemOf(at.metrics)]?.push ?? "") : at.logs && `${at.logs}/loki/api/v1/push`;
  if (url === undefined) return [];
  const { status } = await client.ask({ url, token, body: () => "{}" });
  return [{ text: `${other}'s token -> ${status}`, ok: status === 401 || status === 403, system: "gateway" }];
}

function step(what: string, { status, text }: Answer, system: string): Step {
  const ok = isGood(status);
  return { text: ok ? `${what} ${status}` : `${what} ${status || "no answer"} (${text.trim().slice(0, 120)})`, ok, system };
}

function readBack({ answer, good }: { answer: Answer; good: boolean }, system: string): Step {
  const detail = answer.status === 200 ? "not what was pushed" : `${answer.status || "no answer"} ${answer.text.trim().slice(0, 120)}`;
  return { text: good ? "read back ok" : `read back FAILED (${detail})`, ok: good, system };
}

/** Logs that tell why a tenant's proof failed. */
export function logsOf(proof: Proof, up: Up): string[] {
  const systems = new Set(proof.steps.flatMap((one) => (one.ok ? [] : [one.system])));
  const wanted = (name: string) => name.startsWith(`${tenantNamespace(proof.tenant)}/`) || systems.has(name.split("/")[0] ?? "");
  return (up.pods?.processes ?? []).flatMap(({ name, log }) => (wanted(name) ? [log] : []));
}
