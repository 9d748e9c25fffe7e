import type { LocalContainer } from "./container";
import { isFree } from "./probe";
import { holderOf } from "./sockets";

/**
 * A program that listens on a port of all addresses has it on every pod's address too, and the pod's own program would only say "address in use".
 * @throws Error naming port, program and pods.
 */
export async function refuseTakenPorts(containers: readonly Pick<LocalContainer, "name" | "address" | "ports">[]): Promise<void> {
  const asked = containers.flatMap(({ name, address, ports }) => ports.map((port) => ({ name, address, port })));
  const free = await Promise.all(asked.map(({ address, port }) => isFree(address, port)));
  const taken = asked.filter((_, n) => !free[n]);
  if (taken.length === 0) return;
  const lines = [...new Set(taken.map(({ port }) => port))].map((port) => {
    const names = taken.flatMap((one) => (one.port === port ? [one.name] : []));
    return `  ${port}: held by ${holderOf(port) ?? "another user's program"}; wanted by ${names.join(", ")}`;
  });
  throw new Error(
    `Ports that the pods need are taken on all addresses of this machine:\n${lines.join("\n")}\nEnd those programs or let them listen on one address only, and run npm start again; or use npm start -- --objects-only.`,
  );
}
