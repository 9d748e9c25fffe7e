import type { V1Container } from "@kubernetes/client-node";
import http from "node:http";
import https from "node:https";
import net from "node:net";

const timeout = 3_000;

/** The container's own readiness probe, asked at its pod's address; undefined where it has none that this machine can ask. */
export function readiness(container: V1Container, address: string): (() => Promise<boolean>) | undefined {
  const { httpGet, tcpSocket } = container.readinessProbe ?? container.startupProbe ?? {};
  if (httpGet) {
    const { path = "/", port, scheme } = httpGet;
    return async () => answersWell(scheme === "HTTPS" ? "https" : "http", address, portNumber(container, port), path);
  }
  if (tcpSocket) return async () => accepts(address, portNumber(container, tcpSocket.port));
  return undefined;
}

function portNumber(container: V1Container, port: number | string): number {
  const found = typeof port === "number" ? port : container.ports?.find((one) => one.name === port)?.containerPort;
  if (found === undefined) throw new Error(`container ${container.name}: its probe asks port ${port}, which it does not have`);
  return found;
}

/** Whether a GET is answered with 200 to 399, as the kubelet judges. */
export async function answersWell(scheme: "http" | "https", host: string, port: number, path: string): Promise<boolean> {
  return new Promise((resolve) => {
    // The kubelet does not check certificates of probes.
    const options = { host, port, path, timeout, agent: false, rejectUnauthorized: false } as const;
    const request = (scheme === "https" ? https : http).get(options, (answer) => {
      answer.resume();
      resolve((answer.statusCode ?? 500) < 400);
    });
    request.once("timeout", () => request.destroy());
    request.once("error", () => resolve(false));
  });
}

/** Whether somebody listens. */
export async function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port, timeout });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket
      .once("connect", () => end(true))
      .once("timeout", () => end(false))
      .once("error", () => end(false));
  });
}

/** Whether one could listen there now. */
export async function isFree(host: string, port: number): Promise<boolean> {
  const server = net.createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
