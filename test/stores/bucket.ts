import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Storage } from "../../components/contracts";
import { toolPath } from "../engine/envoy";
import { Program, ready } from "./program";

export const credentials = { accessKeyId: "storetests", secretAccessKey: "storetests-storetests" };

/** An S3 server on a folder, on an address of its own. */
export class Bucket {
  private readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), "s3-"));
  public readonly address = `127.${200 + Math.floor(Math.random() * 50)}.${Math.floor(Math.random() * 256)}.1:9000`;
  private server: Program | undefined;
  /** The first of its buckets, as the program is told of it. */
  public readonly storage: Extract<Storage, { kind: "s3" }>;

  /** @param buckets names of what is there from the start */
  public constructor(private readonly buckets: readonly [string, ...string[]]) {
    const [bucket] = buckets;
    this.storage = { kind: "s3", bucket, endpoint: this.address, region: "eu-west-1", insecure: true, credentials };
    for (const name of buckets) fs.mkdirSync(this.folderOf(name), { recursive: true });
    fs.mkdirSync(path.join(this.folder, "metadata"));
  }

  public async start(): Promise<this> {
    const listen = ["--port", this.address, "--region", this.storage.region as string, "--health", "/health", "--quiet"];
    const args = [...listen, "posix", "--sidecar", path.join(this.folder, "metadata"), path.join(this.folder, "buckets")];
    const env = { ROOT_ACCESS_KEY_ID: credentials.accessKeyId, ROOT_SECRET_ACCESS_KEY: credentials.secretAccessKey };
    this.server = new Program("s3", { file: await toolPath("versitygw"), args, env }, this.folder).start();
    await ready(`http://${this.address}/health`, this.server, 20_000);
    return this;
  }

  /** Every object by its key, of the first bucket unless another one is named. */
  public keys(bucket = this.buckets[0]): string[] {
    const top = this.folderOf(bucket);
    const files = fs.readdirSync(top, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return files.map((file) => path.relative(top, path.join(file.parentPath, file.name))).sort();
  }

  /** Folder of a bucket, where each object is a file. */
  public folderOf(bucket = this.buckets[0]): string {
    return path.join(this.folder, "buckets", bucket);
  }

  public async end(): Promise<void> {
    await this.server?.end();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}
