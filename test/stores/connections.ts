import fs from "node:fs";

/** A TCP connection as /proc/net/tcp lists it: where to, and the inode by which a process holds it. */
interface Connection {
  readonly to: string;
  readonly inode: string;
}

/** `0100007F:1F90` -> `127.0.0.1:8080`; 32-bit words in the byte order of the machine. */
function address(hex: string): string {
  const [ip = "", port = ""] = hex.split(":");
  const bytes = (ip.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16));
  return `${bytes.join(".")}:${Number.parseInt(port, 16)}`;
}

/** Established connections of this machine (Linux). */
function established(): Connection[] {
  const rows = fs.readFileSync("/proc/net/tcp", "utf8").split("\n").slice(1);
  return rows.flatMap((row) => {
    const [, , remote = "", state, , , , , , inode = ""] = row.trim().split(/\s+/);
    return state === "01" ? [{ to: address(remote), inode }] : [];
  });
}

function socketsOf(pid: number): Set<string> {
  try {
    const links = fs.readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return fs.readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        // Closed since.
        return "";
      }
    });
    return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  } catch {
    // Ended since.
    return new Set();
  }
}

/**
 * Who is connected to whom at this moment: `from -> to:port` of processes on addresses of their own. Loopback gives connections another source
 * address, so the caller is found by who holds the socket.
 * @param processes pid by name.
 * @param names name by address.
 */
export function connected(processes: ReadonlyMap<string, number>, names: ReadonlyMap<string, string>): string[] {
  const all = established();
  return [...processes].flatMap(([from, pid]) => {
    const own = socketsOf(pid);
    return all.flatMap(({ to, inode }) => {
      const [ip = "", port = ""] = to.split(":");
      const name = names.get(ip);
      return name !== undefined && own.has(inode) ? [`${from} -> ${name}:${port}`] : [];
    });
  });
}
