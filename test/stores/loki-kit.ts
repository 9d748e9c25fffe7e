import crypto from "node:crypto";
import http from "node:http";
import type { Socket } from "node:net";
import { within } from "../engine/envoy";
import type { LokiScene } from "./loki-scene";
import type { Answer } from "./program";

const nanoseconds = (time: number) => `${BigInt(time) * 1_000_000n}`;
const shop = encodeURIComponent('{app="shop"}');

/** Pushes lines as one stream, JSON; `batch` tells streams apart. */
export function push(scene: LokiScene, to: string, tenant: string, lines: readonly string[], batch = "one"): Promise<Answer> {
  const now = Date.now();
  const values = lines.map((line, i) => [nanoseconds(now + i), line]);
  const body = JSON.stringify({ streams: [{ stream: { app: "shop", batch }, values }] });
  return scene.as(tenant, to, "/loki/api/v1/push", { method: "POST", headers: { "Content-Type": "application/json" }, body });
}

interface Result {
  readonly data: { readonly result: { readonly values: [string, string][] }[] };
}

/** Where lines are read: a part, and its port if it is another one. */
export interface Reader {
  readonly from: string;
  readonly port?: number;
}

/** The lines of the last hour, sorted; none where the answer is not 200. */
export async function read(scene: LokiScene, { from, port }: Reader, tenant: string): Promise<Answer & { lines: string[] }> {
  const now = Date.now();
  const range = `start=${nanoseconds(now - 3_600_000)}&end=${nanoseconds(now + 60_000)}&limit=1000`;
  const answer = await scene.as(tenant, from, `/loki/api/v1/query_range?query=${shop}&${range}`, {}, port);
  if (answer.status !== 200) return { ...answer, lines: [] };
  return { ...answer, lines: (JSON.parse(answer.text) as Result).data.result.flatMap((r) => r.values.map(([, line]) => line)).sort() };
}

/** Reads until all lines are there; what else is, the test judges. */
export async function readAll(
  scene: LokiScene,
  reader: Reader,
  tenant: string,
  lines: readonly string[],
  limit = 15_000,
): Promise<string[]> {
  let last = await read(scene, reader, tenant);
  const missing = () => lines.filter((line) => !last.lines.includes(line));
  try {
    await within(limit, `${tenant}'s lines at ${reader.from}`, async () => {
      last = await read(scene, reader, tenant);
      return missing().length === 0;
    });
  } catch (error) {
    throw new Error(`${String(error)}: ${last.status} ${last.text.slice(0, 500)}\nmissing: ${missing().join(", ")}`);
  }
  return last.lines;
}

/** What a tail over a WebSocket gives, as it comes. RFC 6455, as much of it as a client needs that only listens. */
export async function tail(address: string, tenant: string): Promise<{ text: () => string; close: () => void }> {
  const headers = {
    "X-Scope-OrgID": tenant,
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": crypto.randomBytes(16).toString("base64"),
  };
  const request = http.get({ host: address, port: 3100, path: `/loki/api/v1/tail?query=${shop}`, headers, agent: false });
  const socket = await new Promise<Socket>((resolve, reject) => {
    request.once("upgrade", (_, upgraded: Socket) => resolve(upgraded));
    request.once("response", (response) => reject(new Error(`tail answered ${response.statusCode}`)));
    request.once("error", reject);
  });
  let text = "";
  // Frames of a server are not masked, so what they hold stands in them as it is.
  socket.on("data", (data: Buffer) => (text += data.toString()));
  socket.on("error", () => socket.destroy());
  return { text: () => text, close: () => socket.destroy() };
}

/** A group of one rule that always fires once there are lines. */
export const alwaysFiring = `name: group
rules:
- alert: Lines
  expr: sum(count_over_time({app="shop"}[5m])) > 0
`;

export const postYaml = (body: string): RequestInit => ({ method: "POST", headers: { "Content-Type": "application/yaml" }, body });
