import { createHash } from "node:crypto";
import fs from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { linked } from "../signals";
import type { Context } from "./types";
import type { Host } from "./hosts";
import { ToolchainError } from "./types";

/** One file of an official release. */
export interface Release {
  readonly host: Host;
  /** Path on the host. */
  readonly file: string;
  /** Path of the published checksums: a bare SHA-256, or lines `hash  name`. Absent where the project publishes none. */
  readonly checksums?: string;
}

const stallMilliseconds = 30_000;
const limitMilliseconds = 30 * 60_000;
const megabyte = 1_000_000;

/** Begins a request; one that gets no answer counts against the run's budget and closes the site for this run. */
async function open(context: Context, host: Host, file: string, stop: AbortSignal): Promise<Response> {
  const address = context.hosts.address(host, file);
  const began = Date.now();
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), context.hosts.patience());
  // Not released: the body of the answer is still to come, and `stop` must end it too.
  const either = linked([stop, silence.signal]);
  try {
    const answer = await fetch(address, { signal: either.signal });
    if (answer.ok) return answer;
    await answer.body?.cancel();
    throw new ToolchainError(`${address} answered ${answer.status}.`);
  } catch (error) {
    if (error instanceof ToolchainError || context.signal.aborted) throw error;
    context.hosts.failed(host, Date.now() - began);
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new ToolchainError(`${address} gave no answer${silence.signal.aborted ? " in time" : `: ${cause}`}.`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function publishedHash(context: Context, release: Release, stop: AbortSignal): Promise<string | undefined> {
  if (release.checksums === undefined) return undefined;
  const text = await (await open(context, release.host, release.checksums, stop)).text();
  const name = release.file.split("/").at(-1);
  const lines = text.split("\n").map((line) => line.trim().split(/\s+\*?/));
  const hash = lines.find((parts) => parts[1] === name)?.[0] ?? (lines[0]?.length === 1 ? lines[0][0] : undefined);
  if (hash && /^[0-9a-f]{64}$/i.test(hash)) return hash.toLowerCase();
  throw new ToolchainError(`${context.hosts.address(release.host, release.checksums)} has no SHA-256 of ${name}.`);
}

/**
 * Downloads a release into `target` and compares it with its published checksum.
 * @throws ToolchainError when the site does not answer, the file is not there, stops half way, or is not what the checksum says.
 */
export async function download(context: Context, release: Release, target: string, onProgress: (text: string) => void): Promise<void> {
  const stop = new AbortController();
  const whole = linked([context.signal, stop.signal], limitMilliseconds);
  try {
    await downloadUntil(context, release, target, onProgress, stop, whole.signal);
  } finally {
    whole.release();
  }
}

async function downloadUntil(
  context: Context,
  release: Release,
  target: string,
  onProgress: (text: string) => void,
  stop: AbortController,
  signal: AbortSignal,
): Promise<void> {
  const address = context.hosts.address(release.host, release.file);
  const wanted = await publishedHash(context, release, signal);
  const answer = await open(context, release.host, release.file, signal);
  const total = Number(answer.headers.get("content-length") ?? 0);
  const hash = createHash("sha256");
  let size = 0;
  let stall = setTimeout(() => stop.abort(), stallMilliseconds);
  const measure = async function* (pieces: AsyncIterable<Buffer>) {
    for await (const piece of pieces) {
      clearTimeout(stall);
      stall = setTimeout(() => stop.abort(), stallMilliseconds);
      hash.update(piece);
      size += piece.length;
      onProgress(`${(size / megabyte).toFixed(1)}${total ? ` of ${(total / megabyte).toFixed(1)}` : ""} MB`);
      yield piece;
    }
  };
  try {
    await pipeline(Readable.from(answer.body ?? []), measure, fs.createWriteStream(target), { signal });
  } catch (error) {
    if (context.signal.aborted) throw error;
    const cause = stop.signal.aborted ? "no data for 30 s" : error instanceof Error ? error.message : String(error);
    throw new ToolchainError(`${address} stopped after ${size} of ${total || "unknown"} bytes: ${cause}.`, { cause: error });
  } finally {
    clearTimeout(stall);
  }
  if (total && size !== total) throw new ToolchainError(`${address} stopped after ${size} of ${total} bytes.`);
  const found = hash.digest("hex");
  if (wanted !== undefined && found !== wanted) {
    throw new ToolchainError(
      `${address} does not match its published checksum (SHA-256 ${found}, published ${wanted}); the file was refused.`,
    );
  }
}
