import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import type { Layout, PartName } from "./layout";
import type { Ports } from "./state";

/** How one part is run and how one sees that it works. */
export interface PartSpec {
  readonly name: PartName;
  readonly program: string;
  readonly args: readonly string[];
  /** Files whose content the part reads at its start. */
  readonly reads: readonly string[];
  /** Anything else whose change asks for a new start. */
  readonly salt?: string;
  /** Where it answers 200 when it is ready; absent: ready as soon as it lives. */
  readonly health?: { readonly port: number; readonly path: string };
  /** Seconds that it may take until it is ready, on a slow and busy machine. */
  readonly patience: number;
  /** Seconds that it may take to end in order. */
  readonly grace: number;
}

/** Programs by name of the part. */
export type Programs = Readonly<Record<PartName, string>>;

/** Seconds from TERM to KILL. etcd and the API server get more: they finish writing. */
const graces: Readonly<Record<PartName, number>> = {
  etcd: 10,
  "kube-apiserver": 10,
  "kube-controller-manager": 5,
  "kube-scheduler": 5,
  kwok: 5,
  "prometheus-operator": 5,
};

/** Seconds that a part gets to end in order. */
export function graceOf(name: PartName): number {
  return graces[name];
}

/** Hash over everything that a part depends on: when it differs from the running one's, the part starts anew. */
export function fingerprint(spec: PartSpec): string {
  const hash = createHash("sha256");
  hash.update(JSON.stringify([spec.program, spec.args, spec.salt ?? ""]));
  for (const file of spec.reads) hash.update(fs.readFileSync(file));
  return hash.digest("hex");
}

interface Context {
  readonly layout: Layout;
  readonly ports: Ports;
  readonly programs: Programs;
}

/** Turns `{a: "b"}` into `--a=b`. */
function flags(values: Readonly<Record<string, string | number | boolean>>): string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}

function pem(layout: Layout, ...names: string[]): string[] {
  return names.map((name) => path.join(layout.pki, name));
}

function etcd({ layout, ports, programs }: Context): PartSpec {
  const [ca, cert, key] = pem(layout, "etcd-ca.crt", "etcd.crt", "etcd.key") as [string, string, string];
  const client = `https://127.0.0.1:${ports.etcd}`;
  const peer = `https://127.0.0.1:${ports["etcd-peer"]}`;
  const args = flags({
    name: "embedded",
    "data-dir": layout.etcd,
    "listen-client-urls": client,
    "advertise-client-urls": client,
    "listen-peer-urls": peer,
    "initial-advertise-peer-urls": peer,
    "initial-cluster": `embedded=${peer}`,
    "cert-file": cert,
    "key-file": key,
    "trusted-ca-file": ca,
    "client-cert-auth": true,
    "peer-cert-file": cert,
    "peer-key-file": key,
    "peer-trusted-ca-file": ca,
    "peer-client-cert-auth": true,
    // Fewer entries held in memory; a cluster of one sends snapshots to nobody.
    "snapshot-count": 5_000,
    "log-level": "warn",
  });
  return { name: "etcd", program: programs.etcd, args, reads: [ca, cert, key], patience: 60, grace: graceOf("etcd") };
}

function apiserver({ layout, ports, programs }: Context): PartSpec {
  const file = (name: string): string => path.join(layout.pki, name);
  const pairs = ["apiserver", "apiserver-etcd", "front-proxy", "service-accounts"].flatMap((name) => [
    file(`${name}.key`),
    file(name === "service-accounts" ? `${name}.pub` : `${name}.crt`),
  ]);
  const reads = [file("ca.crt"), file("etcd-ca.crt"), file("front-proxy-ca.crt"), ...pairs];
  const authentication = path.join(layout.config, "authentication.yaml");
  const args = flags({
    "bind-address": "127.0.0.1",
    "advertise-address": "127.0.0.1",
    "secure-port": ports["kube-apiserver"],
    // The Service `kubernetes` cannot have a loopback address as endpoint; without pods of flesh and blood nobody needs it.
    "endpoint-reconciler-type": "none",
    "etcd-servers": `https://127.0.0.1:${ports.etcd}`,
    "etcd-cafile": file("etcd-ca.crt"),
    "etcd-certfile": file("apiserver-etcd.crt"),
    "etcd-keyfile": file("apiserver-etcd.key"),
    "cert-dir": layout.config,
    "tls-cert-file": file("apiserver.crt"),
    "tls-private-key-file": file("apiserver.key"),
    "client-ca-file": file("ca.crt"),
    // Nothing is aggregated here, but the other parts look for these settings and complain where they are missing.
    "requestheader-client-ca-file": file("front-proxy-ca.crt"),
    "requestheader-allowed-names": "front-proxy-client",
    "requestheader-username-headers": "X-Remote-User",
    "requestheader-group-headers": "X-Remote-Group",
    "requestheader-extra-headers-prefix": "X-Remote-Extra-",
    "proxy-client-cert-file": file("front-proxy.crt"),
    "proxy-client-key-file": file("front-proxy.key"),
    "authentication-config": authentication,
    "authorization-mode": "Node,RBAC",
    // Simulated nodes are made ready, never found ready: the controller that would lift this taint is off (see controllerManager).
    "disable-admission-plugins": "TaintNodesByCondition",
    "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
    "service-account-key-file": file("service-accounts.pub"),
    "service-account-signing-key-file": file("service-accounts.key"),
    "service-cluster-ip-range": "10.96.0.0/16",
    "event-ttl": "20m",
    // Namespaces with many objects go faster.
    "delete-collection-workers": 4,
    profiling: false,
    v: 0,
  });
  return {
    name: "kube-apiserver",
    program: programs["kube-apiserver"],
    args,
    reads: [...reads, authentication],
    health: { port: ports["kube-apiserver"], path: "/readyz" },
    patience: 120,
    grace: graceOf("kube-apiserver"),
  };
}

/**
 * Controllers that are off, each for a reason: those of nodes, because kwok's nodes never fail and after a pause all of them would look dead and
 * their pods be evicted; those of disks and clouds, because there are none; those that sign certificates, because the authority's key is gone.
 */
const controllersOff = [
  "node-lifecycle-controller",
  "node-ipam-controller",
  "taint-eviction-controller",
  "device-taint-eviction-controller",
  "persistentvolume-attach-detach-controller",
  "persistentvolume-expander-controller",
  "service-lb-controller",
  "node-route-controller",
  "cloud-node-lifecycle-controller",
  "certificatesigningrequest-approving-controller",
  "certificatesigningrequest-cleaner-controller",
  "certificatesigningrequest-signing-controller",
  "podcertificaterequest-cleaner-controller",
  "kube-apiserver-serving-clustertrustbundle-publisher-controller",
  "resourceclaim-controller",
  "ttl-controller",
  "legacy-serviceaccount-token-cleaner-controller",
] as const;

function controllerManager({ layout, ports, programs }: Context): PartSpec {
  const kubeconfig = path.join(layout.config, "controller-manager.kubeconfig");
  const reads = pem(layout, "ca.crt", "parts.crt", "parts.key", "service-accounts.key");
  const [ca, cert, key, accounts] = reads as [string, string, string, string];
  const args = flags({
    kubeconfig,
    "authentication-kubeconfig": kubeconfig,
    "authorization-kubeconfig": kubeconfig,
    "bind-address": "127.0.0.1",
    "secure-port": ports["kube-controller-manager"],
    "cert-dir": layout.config,
    "tls-cert-file": cert,
    "tls-private-key-file": key,
    "client-ca-file": ca,
    "root-ca-file": ca,
    "service-account-private-key-file": accounts,
    "use-service-account-credentials": true,
    controllers: ["*", ...controllersOff.map((name) => `-${name}`)].join(","),
    "leader-elect": false,
    "kube-api-qps": 200,
    "kube-api-burst": 400,
    "concurrent-gc-syncs": 5,
    // No metrics server here: an autoscaler only lifts to its minimum, and it first looks one period after it was made.
    "horizontal-pod-autoscaler-sync-period": "10s",
    // A namespace with pods is otherwise looked at again after half their longest grace period: 5 minutes for one with a Prometheus.
    "namespace-sync-period": "2s",
    "resource-quota-sync-period": "1m",
    profiling: false,
    v: 0,
  });
  return {
    name: "kube-controller-manager",
    program: programs["kube-controller-manager"],
    args,
    reads: [...reads, kubeconfig],
    health: { port: ports["kube-controller-manager"], path: "/healthz" },
    patience: 60,
    grace: graceOf("kube-controller-manager"),
  };
}

function scheduler({ layout, ports, programs }: Context): PartSpec {
  const kubeconfig = path.join(layout.config, "scheduler.kubeconfig");
  const config = path.join(layout.config, "scheduler.yaml");
  const reads = pem(layout, "ca.crt", "parts.crt", "parts.key");
  const [ca, cert, key] = reads as [string, string, string];
  const args = flags({
    config,
    "authentication-kubeconfig": kubeconfig,
    "authorization-kubeconfig": kubeconfig,
    "bind-address": "127.0.0.1",
    "secure-port": ports["kube-scheduler"],
    "cert-dir": layout.config,
    "tls-cert-file": cert,
    "tls-private-key-file": key,
    "client-ca-file": ca,
    v: 0,
  });
  return {
    name: "kube-scheduler",
    program: programs["kube-scheduler"],
    args,
    reads: [...reads, kubeconfig, config],
    health: { port: ports["kube-scheduler"], path: "/healthz" },
    patience: 60,
    grace: graceOf("kube-scheduler"),
  };
}

function kwok({ layout, programs }: Context): PartSpec {
  const kubeconfig = path.join(layout.config, "kwok.kubeconfig");
  const stages = path.join(layout.config, "stages.yaml");
  // No server address and no leases: kwok listens nowhere, and nodes that nobody suspects need no heartbeat.
  const args = flags({
    kubeconfig,
    config: stages,
    "manage-all-nodes": true,
    "node-lease-duration-seconds": 0,
    "node-ip": "10.0.0.1",
    v: "WARN",
  });
  return { name: "kwok", program: programs.kwok, args, reads: [kubeconfig, stages], patience: 30, grace: graceOf("kwok") };
}

function operator({ layout, ports, programs }: Context, crds: string): PartSpec {
  const reads = pem(layout, "ca.crt", "operator.crt", "operator.key", "parts.crt", "parts.key");
  const [ca, cert, key, webCert, webKey] = reads as [string, string, string, string, string];
  const args = flags({
    apiserver: `https://127.0.0.1:${ports["kube-apiserver"]}`,
    "ca-file": ca,
    "cert-file": cert,
    "key-file": key,
    "web.listen-address": `127.0.0.1:${ports["prometheus-operator"]}`,
    "web.enable-tls": true,
    "web.cert-file": webCert,
    "web.key-file": webKey,
    "web.client-ca-file": ca,
    "log-level": "warn",
  });
  return {
    name: "prometheus-operator",
    program: programs["prometheus-operator"],
    args,
    reads,
    // It looks once, at its start, which of its kinds the API server knows.
    salt: crds,
    health: { port: ports["prometheus-operator"], path: "/healthz" },
    patience: 60,
    grace: graceOf("prometheus-operator"),
  };
}

/** All parts in the order in which they start. `crds` is the hash over the installed kinds. */
export function partSpecs(context: Context, crds: string): Readonly<Record<PartName, PartSpec>> {
  return {
    etcd: etcd(context),
    "kube-apiserver": apiserver(context),
    "kube-controller-manager": controllerManager(context),
    "kube-scheduler": scheduler(context),
    kwok: kwok(context),
    "prometheus-operator": operator(context, crds),
  };
}
