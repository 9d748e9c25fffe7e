import { createHash, randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { z } from "zod";
import { bucketNames } from "../../model/names";
import { privateFile, privateFolder, readJson } from "../supervise/files";
import type { ProcessSpec } from "../supervise/supervisor";
import { s3Address, type Places } from "./addresses";
import { podLog, type PodsLayout } from "./layout";
import { answersWell } from "./probe";

/** The S3 server's name in the stack's objects: the same on every machine, and replaced by an address when pods run. No Service of the cluster has it. */
export const s3Host = "s3.storage.svc";
const port = 9000;
const region = "us-east-1";
const bucketPrefix = "dev";
const health = "/health";

/** The stack's setting `s3`. */
export const s3Settings = { endpoint: `http://${s3Host}:${port}`, region, bucketPrefix } as const;

/** Root keys of a folder's S3 server. */
export interface S3Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const schema = z.object({ accessKeyId: z.string().min(10), secretAccessKey: z.string().min(20) });

/** The keys of this state folder; made once, readable by its owner only. */
export function s3Keys(layout: PodsLayout): S3Keys {
  const known = schema.safeParse(readJson(layout.s3Keys));
  if (known.success) return known.data;
  const made = { accessKeyId: `dev${randomBytes(8).toString("hex")}`, secretAccessKey: randomBytes(30).toString("base64url") };
  privateFolder(path.dirname(layout.s3Keys));
  privateFile(layout.s3Keys, `${JSON.stringify(made, null, 2)}\n`);
  return made;
}

/** The S3 server: a folder per bucket, on loopback, with the buckets that the stores need. */
export function s3Process(layout: PodsLayout, places: Places, program: string): ProcessSpec {
  const data = path.join(layout.data, "s3");
  const buckets = path.join(data, "buckets");
  // Beside the buckets: not every file system keeps extended attributes.
  const metadata = path.join(data, "metadata");
  const { accessKeyId, secretAccessKey } = s3Keys(layout);
  const address = s3Address(places);
  const args = ["--port", `${address}:${port}`, "--region", region, "--health", health, "--quiet", "posix", "--sidecar", metadata, buckets];
  for (const name of bucketNames(bucketPrefix)) fs.mkdirSync(path.join(buckets, name), { recursive: true, mode: 0o700 });
  fs.mkdirSync(metadata, { recursive: true, mode: 0o700 });
  return {
    name: "s3",
    program,
    args,
    env: { ROOT_ACCESS_KEY_ID: accessKeyId, ROOT_SECRET_ACCESS_KEY: secretAccessKey },
    cwd: data,
    log: podLog(layout, "s3"),
    fingerprint: createHash("sha256")
      .update(JSON.stringify([program, args, accessKeyId, secretAccessKey]))
      .digest("hex"),
    healthy: async () => answersWell("http", address, port, health),
    patience: 30,
    grace: 5,
  };
}
