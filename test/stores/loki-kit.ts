import crypto from "node:crypto";
import http from "node:http";
import type { Socket } from "node:net";
import type { Scene } from "./loki-scene";
import { until } from "./program-kit";
import type { Answer } from "./program-kit";

const nanoseconds = (time: number) => `${BigInt(time) * 1_000_000n}`;

/** Pushes lines as one stream, JSON. */
export function push(
  scene: Scene,
  to: string,
  tenant: string,
  lines: readonly string[],
  labels: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const now = Date.now();
  const values = lines.map((line, i) => [nanoseconds(now + i), line]);
  const body = JSON.stringify({ streams: [{ stream: { app: "shop", ...labels }, values }] });
  return scene.ask(to, "/loki/api/v1/push", { tenant, headers: { "content-type": "application/json" }, body });
}

interface Result {
  readonly data: { readonly result: { readonly stream: Record<string, string>; readonly values: [string, string][] }[] };
}

/** What a query gives: the status, and the lines in order of their text. */
export async function read(
  scene: Scene,
  from: string,
  tenant: string,
  query = '{app="shop"}',
): Promise<{ status: number; lines: string[]; text: string }> {
  const now = Date.now();
  const range = `start=${nanoseconds(now - 3_600_000)}&end=${nanoseconds(now + 60_000)}&limit=1000`;
  const { status, text } = await scene.ask(from, `/loki/api/v1/query_range?query=${encodeURIComponent(query)}&${range}`, { tenant });
  if (status !== 200) return { status, text, lines: [] };
  return { status, text, lines: (JSON.parse(text) as Result).data.result.flatMap((r) => r.values.map(([, line]) => line)).sort() };
}

/** Reads until all lines are there; the answer that it ends with is the test's to judge. */
export async function readAll(scene: Scene, from: string, tenant: string, lines: readonly string[], limit = 15_000): Promise<string[]> {
  let last: Awaited<ReturnType<typeof read>> | undefined;
  const isThere = async () => {
    last = await read(scene, from, tenant);
    return lines.every((line) => last?.lines.includes(line));
  };
  await until(
    limit,
    `${tenant}'s lines at ${from}`,
    isThere,
    () => `${last?.status} ${last?.text.slice(0, 2000)}\nmissing: ${lines.filter((line) => !last?.lines.includes(line)).join(", ")}`,
  );
  return last?.lines ?? [];
}

/** Lines that a tail over a WebSocket gives, as they come. RFC 6455, as much of it as a client needs that only listens. */
export async function tail(address: string, tenant: string): Promise<{ text: () => string; close: () => void }> {
  const headers = {
    "X-Scope-OrgID": tenant,
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": crypto.randomBytes(16).toString("base64"),
  };
  const target = `/loki/api/v1/tail?query=${encodeURIComponent('{app="shop"}')}`;
  const request = http.get({ host: address, port: 3100, path: target, headers, agent: false });
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
