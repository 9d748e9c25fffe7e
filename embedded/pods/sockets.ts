import fs from "node:fs";

/** A socket that waits for peers: a TCP listener, or a UDP socket that is bound and not connected. */
export interface Listener {
  readonly protocol: "tcp" | "udp";
  /** `127.3.4.5`, `0.0.0.0`; of IPv6 the 32 hexadecimal digits of the kernel. */
  readonly address: string;
  readonly port: number;
  /** By which /proc/<pid>/fd names it. */
  readonly inode: string;
}

/** States of proc(5) net/tcp: 0A is LISTEN; an unconnected UDP socket has 07. */
const waiting = { tcp: "0A", udp: "07" } as const;

/** Listeners in the text of /proc/net/tcp and its like (proc(5)): addresses are 32-bit words in the byte order of the machine, all we run on is little-endian. */
export function listenersIn(protocol: "tcp" | "udp", text: string): Listener[] {
  return text
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [, local = "", remote = "", state, , , , , , inode = ""] = line.trim().split(/\s+/);
      const [hex = "", port = ""] = local.split(":");
      if (state !== waiting[protocol] || !/^0+:0000$/.test(remote)) return [];
      return [{ protocol, address: hex.length === 8 ? dotted(hex) : hex, port: Number.parseInt(port, 16), inode }];
    });
}

function dotted(hex: string): string {
  return (hex.match(/../g) ?? [])
    .reverse()
    .map((byte) => Number.parseInt(byte, 16))
    .join(".");
}

/** All listeners of this machine (Linux). */
export function listeners(): Listener[] {
  return (["tcp", "udp"] as const).flatMap((protocol) =>
    [protocol, `${protocol}6`].flatMap((name) => listenersIn(protocol, readOr(`/proc/net/${name}`, ""))),
  );
}

/** Inodes of the sockets that a process has open; none where it is gone or another user's. */
export function socketsOf(pid: number): Set<string> {
  const folder = `/proc/${pid}/fd`;
  let open: string[] = [];
  try {
    open = fs.readdirSync(folder);
  } catch {
    // Gone, or not ours to look at.
  }
  const inodes = open.flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(fs.readlinkSync(`${folder}/${fd}`))?.[1] ?? [];
    } catch {
      return [];
    }
  });
  return new Set(inodes);
}

/** What of a process listens beyond 127.0.0.0/8. */
export function beyondLoopback(pid: number, all: readonly Listener[] = listeners()): Listener[] {
  const own = socketsOf(pid);
  return all.filter((one) => own.has(one.inode) && !one.address.startsWith("127."));
}

/** Who listens on a port, whatever the address: `node (process 4711)`; undefined where it cannot be seen (another user's). */
export function holderOf(port: number): string | undefined {
  const inodes = new Set(listeners().flatMap((one) => (one.protocol === "tcp" && one.port === port ? [one.inode] : [])));
  const pids = fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const pid = pids.find((one) => [...socketsOf(Number(one))].some((inode) => inodes.has(inode)));
  return pid && `${readOr(`/proc/${pid}/comm`, "a program").trim()} (process ${pid})`;
}

function readOr(file: string, otherwise: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return otherwise;
  }
}
