import { createHash, X509Certificate } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { toYaml } from "../../model/text";
import type { ProcessSpec } from "../supervise/supervisor";
import { podLog, type PodsLayout } from "./layout";
import { MountedFolder } from "./mount";
import type { PlannedPod } from "./plan";
import { accepts } from "./probe";
import type { World } from "./world";

/** One tenant behind the entry. */
export interface EntryRoute {
  /** The tenant's namespace. */
  readonly name: string;
  /** Server names of its certificate, wildcards among them. */
  readonly hosts: readonly string[];
  /** Addresses of its gateway's pods. */
  readonly addresses: readonly string[];
  readonly port: number;
}

/** Where people's connections arrive. Only here: the gateways themselves listen in the folder's block. */
export const entryAddress = "127.0.0.1";

/** The gateways of all tenants, by the names on the certificates that they serve. */
export function entryRoutes(world: Pick<World, "secrets">, pods: readonly PlannedPod[], addressOf: (pod: string) => string): EntryRoute[] {
  const byNamespace = new Map<string, EntryRoute>();
  for (const pod of pods) {
    const port = pod.containers.flatMap(({ container }) => container.ports ?? []).find((one) => one.name === "https")?.containerPort;
    const hosts = certificateHosts(pod, world);
    if (port === undefined || hosts.length === 0) continue;
    const before = byNamespace.get(pod.namespace)?.addresses ?? [];
    byNamespace.set(pod.namespace, { name: pod.namespace, hosts, addresses: [...before, addressOf(pod.key)], port });
  }
  return [...byNamespace.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** DNS names of the certificates that a pod mounts. */
function certificateHosts(pod: PlannedPod, world: Pick<World, "secrets">): string[] {
  const names = (pod.template.spec?.volumes ?? []).flatMap(({ secret }) => {
    const object = world.secrets.get(`${pod.namespace}/${secret?.secretName ?? ""}`);
    const pem = object?.type === "kubernetes.io/tls" ? object.data?.["tls.crt"] : undefined;
    if (pem === undefined) return [];
    const { subjectAltName = "" } = new X509Certificate(Buffer.from(pem, "base64"));
    return subjectAltName.split(", ").flatMap((name) => (name.startsWith("DNS:") ? [name.slice(4)] : []));
  });
  return [...new Set(names)].sort();
}

const typed = (type: string, fields: object) => ({ "@type": `type.googleapis.com/envoy.${type}`, ...fields });

/**
 * The listener, as Envoy's file `lds.yaml`: it reads the server name of the handshake and passes the connection on, still encrypted, as the
 * edge of a real cluster does. A name that no tenant has is closed.
 */
export function entryListener(port: number, routes: readonly EntryRoute[]): string {
  const proxy = ({ name }: EntryRoute) => typed("extensions.filters.network.tcp_proxy.v3.TcpProxy", { stat_prefix: name, cluster: name });
  return toYaml({
    resources: [
      typed("config.listener.v3.Listener", {
        name: "entry",
        address: { socket_address: { address: entryAddress, port_value: port } },
        listener_filters: [{ name: "tls", typed_config: typed("extensions.filters.listener.tls_inspector.v3.TlsInspector", {}) }],
        listener_filters_timeout: "5s",
        filter_chains: routes.map((route) => ({
          name: route.name,
          filter_chain_match: { server_names: route.hosts },
          filters: [{ name: "tcp", typed_config: proxy(route) }],
        })),
      }),
    ],
  });
}

/** The gateways, as Envoy's file `cds.yaml`. */
export function entryClusters(routes: readonly EntryRoute[]): string {
  const endpoint = (address: string, port: number) => ({ endpoint: { address: { socket_address: { address, port_value: port } } } });
  return toYaml({
    resources: routes.map(({ name, addresses, port }) =>
      typed("config.cluster.v3.Cluster", {
        name,
        type: "STATIC",
        connect_timeout: "3s",
        load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: addresses.map((address) => endpoint(address, port)) }] },
      }),
    ),
  });
}

/** Both files are watched, so a new tenant breaks no connection of another. No admin interface. */
const bootstrap = toYaml({
  node: { id: "entry", cluster: "entry" },
  dynamic_resources: {
    cds_config: { resource_api_version: "V3", path_config_source: { path: "live/cds.yaml", watched_directory: { path: "live" } } },
    lds_config: { resource_api_version: "V3", path_config_source: { path: "live/lds.yaml", watched_directory: { path: "live" } } },
  },
});

/** The entry as a process: an Envoy of its own. Its files are written before this returns; one that runs reads them again. */
export function entryProcess(layout: PodsLayout, program: string, port: number, routes: readonly EntryRoute[]): ProcessSpec {
  const root = path.join(layout.run, "entry");
  new MountedFolder(path.join(root, "live")).publish({ "cds.yaml": entryClusters(routes), "lds.yaml": entryListener(port, routes) });
  fs.writeFileSync(path.join(root, "envoy.yaml"), bootstrap, { mode: 0o600 });
  const args = ["--config-path", "envoy.yaml", "--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"];
  return {
    name: "entry",
    program,
    args,
    cwd: root,
    log: podLog(layout, "entry"),
    fingerprint: createHash("sha256")
      .update(JSON.stringify([program, args, bootstrap]))
      .digest("hex"),
    healthy: async () => accepts(entryAddress, port),
    patience: 30,
    grace: 5,
  };
}
