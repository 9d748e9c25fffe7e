import fs from "node:fs";
import path from "node:path";
import { inflateRawSync } from "node:zlib";
import { run } from "./process";
import type { Context } from "./types";
import { ToolchainError } from "./types";

const unpackMilliseconds = 5 * 60_000;

interface ZipMember {
  readonly name: string;
  readonly method: number;
  readonly packed: number;
  readonly offset: number;
}

/**
 * The members of a ZIP archive, read from its central directory (PKWARE APPNOTE 4.3). Node has no reader of its own; Go modules, wheels and
 * macOS releases need only this: no encryption, no ZIP64.
 */
function zipMembers(zip: Buffer, file: string): ZipMember[] {
  const end = zip.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0) throw new ToolchainError(`${file} is not a whole ZIP archive.`);
  const members: ZipMember[] = [];
  let at = zip.readUInt32LE(end + 16);
  for (let count = zip.readUInt16LE(end + 10); count > 0; count -= 1) {
    const nameLength = zip.readUInt16LE(at + 28);
    members.push({
      name: zip.toString("utf8", at + 46, at + 46 + nameLength),
      method: zip.readUInt16LE(at + 10),
      packed: zip.readUInt32LE(at + 20),
      offset: zip.readUInt32LE(at + 42),
    });
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return members;
}

function zipContent(zip: Buffer, member: ZipMember): Buffer {
  const start = member.offset + 30 + zip.readUInt16LE(member.offset + 26) + zip.readUInt16LE(member.offset + 28);
  const packed = zip.subarray(start, start + member.packed);
  return member.method === 0 ? packed : inflateRawSync(packed);
}

/** Unpacks the members of a ZIP archive whose name `wanted` accepts; resolves with the names. Names that leave the folder are refused. */
export function unzip(file: string, folder: string, wanted: (name: string) => boolean): string[] {
  const zip = fs.readFileSync(file);
  const members = zipMembers(zip, file).filter(({ name }) => !name.endsWith("/") && wanted(name));
  for (const member of members) {
    const target = path.join(folder, member.name);
    if (path.relative(folder, target).startsWith(".."))
      throw new ToolchainError(`${file} holds ${member.name}, which is outside of it; refused.`);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, zipContent(zip, member));
  }
  return members.map(({ name }) => name);
}

/** Unpacks an archive (`.tar.gz` with the system's tar, or `.zip`) into a folder. */
export async function unpack(context: Context, file: string, folder: string): Promise<void> {
  if (file.endsWith(".zip")) unzip(file, folder, () => true);
  else
    await run("tar", ["-xzf", file, "-C", folder, "--no-same-owner"], {
      env: context.env,
      signal: context.signal,
      limit: unpackMilliseconds,
    });
}
