import { setTimeout as sleep } from "node:timers/promises";
import type { Api } from "./api";

/** Zones of the simulated nodes: three, so that spreading over zones and quorums of three can be seen. */
const zones = ["a", "b", "c"] as const;

/** The StorageClass that claims get which name none. Its driver is a stage of kwok (stages.yaml). */
export const storageClass = "standard";

/** Must be the name that stages.yaml answers to. */
const provisioner = "embedded.tenantstack/simulated";

function node(zone: string, index: number): object {
  const name = `zone-${zone}`;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "node.kubernetes.io/instance-type": "simulated",
        "topology.kubernetes.io/region": "local",
        "topology.kubernetes.io/zone": `local-${zone}`,
      },
    },
    // Different ranges: otherwise pods of different nodes would get the same address.
    spec: { podCIDR: `10.${240 + index}.0.0/16`, podCIDRs: [`10.${240 + index}.0.0/16`] },
  };
}

/**
 * Storage needs neither a folder nor a driver: kwok's pods never mount anything. kube-controller-manager's own host path provisioner was not
 * taken because it writes to a fixed folder in /tmp that outlives the cluster and that two users of one machine would fight over; a pool of
 * ready-made volumes was not, because it runs out and shows sizes that nobody asked for.
 */
const storage = {
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name: storageClass, annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
  provisioner,
  reclaimPolicy: "Delete",
  volumeBindingMode: "WaitForFirstConsumer",
};

/** Creates the simulated nodes and the storage class, or puts them right where somebody changed them. */
export async function applyObjects(api: Api): Promise<void> {
  await Promise.all([
    ...zones.map((zone, index) => api.apply(`/api/v1/nodes/zone-${zone}`, JSON.stringify(node(zone, index)))),
    api.apply(`/apis/storage.k8s.io/v1/storageclasses/${storageClass}`, JSON.stringify(storage)),
  ]);
}

interface NodeList {
  readonly items: { status?: { conditions?: { type: string; status: string }[] } }[];
}

async function unmet(api: Api): Promise<string | undefined> {
  const nodes = (await api.get<NodeList>("/api/v1/nodes"))?.items ?? [];
  const ready = nodes.filter((item) => item.status?.conditions?.some((c) => c.type === "Ready" && c.status === "True")).length;
  if (ready < zones.length) return `${ready} of ${zones.length} simulated nodes are ready (kwok makes them so)`;
  const account = await api.get("/api/v1/namespaces/default/serviceaccounts/default");
  if (account === undefined) return "service account `default` is missing (kube-controller-manager makes it)";
  return undefined;
}

/** Waits until nodes are ready and the controllers have made the first service account: from then on pods can be created and run. */
export async function awaitUsable(api: Api, alive: () => void, signal?: AbortSignal): Promise<void> {
  const until = Date.now() + 60_000;
  for (;;) {
    const reason = await unmet(api);
    if (reason === undefined) return;
    alive();
    signal?.throwIfAborted();
    if (Date.now() > until) throw new Error(`the control plane runs, but after a minute it is not usable: ${reason}`);
    await sleep(100);
  }
}
