import net from "node:net";

/** Opens a listener on 127.0.0.1; port 0 lets the system choose. Undefined where somebody listens there already. */
async function listen(port: number): Promise<net.Server | undefined> {
  const server = net.createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(undefined));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => resolve(server));
  });
}

async function close(server: net.Server): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
}

/** Whether nobody listens on this port of 127.0.0.1. */
export async function isFree(port: number): Promise<boolean> {
  const server = await listen(port);
  if (server === undefined) return false;
  await close(server);
  return true;
}

/** `count` different free ports of 127.0.0.1. All are held until the last is found, so none comes twice. */
export async function freePorts(count: number): Promise<number[]> {
  const servers: net.Server[] = [];
  try {
    for (let n = 0; n < count; n += 1) {
      const server = await listen(0);
      if (server === undefined) throw new Error("no free port on 127.0.0.1; end some programs that listen there and try again");
      servers.push(server);
    }
    return servers.map((server) => (server.address() as net.AddressInfo).port);
  } finally {
    await Promise.all(servers.map(close));
  }
}
