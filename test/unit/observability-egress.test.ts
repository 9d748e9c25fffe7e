import type { Storage } from "../../components/contracts";
import { declared, objects, s3 } from "./observability-kit";

type Peer = { ipBlock?: { cidr: string; except?: string[] }; podSelector?: object; namespaceSelector?: object };
type Rule = { to?: Peer[]; ports: { port: number }[] };

/** Egress rules of one pod's policy, each as `where:ports`. */
async function ways(storage: Storage, namespace: string, part: string): Promise<string[]> {
  const policy = objects(await declared({ storage }), "NetworkPolicy").find(
    (p) => p.metadata.namespace === namespace && p.metadata.name === part,
  );
  return (policy!.spec.egress as Rule[])
    .map(({ to = [], ports }) => `${to.length === 0 ? "anywhere" : where(to[0]!)}:${ports.map((p) => p.port).join(",")}`)
    .sort();
}

function where(peer: Peer): string {
  if (peer.ipBlock === undefined) return "pods";
  if (peer.ipBlock.cidr !== "0.0.0.0/0") return peer.ipBlock.cidr;
  return peer.ipBlock.except?.includes("169.254.0.0/16") && peer.ipBlock.except.includes("10.0.0.0/8") ? "internet" : "anywhere";
}

test("without a bucket only Cortex leaves the cluster, to notify, and never to private or metadata addresses", async () => {
  expect(await ways({ kind: "volume" }, "cortex", "cortex")).toEqual(["internet:443,465,587"]);
  expect(await ways({ kind: "volume" }, "loki", "loki")).toEqual(["pods:8080"]);
  expect(await ways({ kind: "volume" }, "thanos", "receive")).toEqual([]);
});

test.each<[string, Partial<Storage>, string[]]>([
  ["S3 of AWS with keys", {}, ["internet:443"]],
  ["S3 of AWS with workload identity", { credentials: undefined }, ["169.254.170.23/32:80", "internet:443"]],
  ["a store of one's own, on any address but its port only", { endpoint: "minio.storage.svc:9000", insecure: true }, ["anywhere:9000"]],
  ["plain http without a port", { endpoint: "minio.storage.svc", insecure: true }, ["anywhere:80"]],
])("blocks go to %s", async (_, more, expected) => {
  const storage = { ...s3, ...more } as Storage;
  expect(await ways(storage, "thanos", "receive")).toEqual(expected);
  expect(await ways(storage, "thanos", "query")).toEqual(["pods:10901"]);
  expect(await ways(storage, "thanos", "query-frontend")).toEqual(["pods:10902"]);
});
