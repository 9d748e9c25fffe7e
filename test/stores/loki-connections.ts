import fs from "node:fs";

/** A process under test and the address that it listens on; without a number, one that only listens. */
export interface Peer {
  readonly name: string;
  readonly pid?: number | undefined;
  readonly address: string;
}

/** `127.0.0.1` out of the eight hex digits of /proc/net/tcp, which are in the order of a little-endian machine. */
const addressOf = (hex: string) =>
  hex
    .match(/../g)
    ?.reverse()
    .map((byte) => Number.parseInt(byte, 16))
    .join(".") ?? "";

/** Open connections between the processes, as the kernel lists them: `a -> b:port`, each once. proc(5), /proc/net/tcp. */
export function connections(peers: readonly Peer[]): Set<string> {
  const ownerOf = new Map(peers.flatMap(({ name, pid }) => socketsOf(pid).map((inode) => [inode, name] as const)));
  const nameOf = new Map(peers.map(({ name, address }) => [address, name] as const));
  const rows = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((file) => fs.readFileSync(file, "utf8").split("\n").slice(1));
  const found = rows.flatMap((row) => {
    const [, , remote = "", , , , , , , inode = ""] = row.trim().split(/\s+/);
    const [hex = "", port = ""] = remote.split(":");
    const [from, to] = [ownerOf.get(inode), nameOf.get(addressOf(hex.slice(-8)))];
    return from === undefined || to === undefined ? [] : [`${from} -> ${to}:${Number.parseInt(port, 16)}`];
  });
  return new Set(found);
}

/** Numbers of the sockets that a process has open. */
function socketsOf(pid: number | undefined): string[] {
  if (pid === undefined) return [];
  const folder = `/proc/${pid}/fd`;
  return fs.readdirSync(folder).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(fs.readlinkSync(`${folder}/${fd}`))?.[1] ?? [];
    } catch {
      // Closed meanwhile.
      return [];
    }
  });
}
