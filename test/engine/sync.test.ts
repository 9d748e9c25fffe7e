import fs from "node:fs";
import path from "node:path";
import { parse, parseAllDocuments, stringify } from "yaml";
import { asked, openCluster } from "../../cli/cluster";
import { mountedAnnotation, sync, syncText, type Pod, type Synced } from "../../cli/sync";
import type { Fields } from "../../embedded/providers/protocol/values";
import { startTestCluster, type TestCluster } from "./providers-kit";

/** `sync` against the real API server, with no other rights than those that docs/operations.md gives it. */

const docs = fs.readFileSync(path.join(__dirname, "../../docs/operations.md"), "utf8");
const role = parse(/```yaml\n(# The rights of sync[\s\S]*?)```/.exec(docs)?.[1] ?? "") as { metadata: { name: string }; rules: unknown };

let cluster: TestCluster;
let folder: string;
beforeAll(async () => {
  cluster = await startTestCluster();
  folder = path.join(cluster.dir, "user");
  fs.mkdirSync(folder);
  for (const namespace of ["shared", "prod-tenant"]) await post("/api/v1/namespaces", { kind: "Namespace", metadata: { name: namespace } });
  await map("shared", "limits", "a: 1");
  await map("shared", "limits-1", "b: 1");
  await map("shared", "config", "c: 1");
  await map("prod-tenant", "routes", "d: 1");
  const of = (name: string) => ({ name, configMap: { name } });
  await pod("shared", "store", [of("limits"), of("config")]);
  await pod("shared", "several", [
    { name: "all", projected: { sources: [{ configMap: { name: "limits" } }, { configMap: { name: "limits-1" } }] } },
  ]);
  await pod("shared", "plain", [{ name: "tmp", emptyDir: {} }]);
  await pod("prod-tenant", "gateway", [of("routes")]);
  await pod("prod-tenant", "foreign", [of("routes")], {});
  await user();
}, 180_000);
afterAll(() => cluster.stop());

const post = (where: string, body: object) => cluster.ask("POST", where, body);
const map = (namespace: string, name: string, text: string) =>
  post(`/api/v1/namespaces/${namespace}/configmaps`, { kind: "ConfigMap", metadata: { name }, data: { file: text } });
const edit = (namespace: string, name: string, body: object) =>
  cluster.ask("PATCH", `/api/v1/namespaces/${namespace}/configmaps/${name}`, body);
const managed = { "app.kubernetes.io/managed-by": "tenantstack" };
const pod = (namespace: string, name: string, volumes: object[], labels: object = managed) =>
  post(`/api/v1/namespaces/${namespace}/pods`, {
    kind: "Pod",
    metadata: { name, labels, annotations: { own: "stays" } },
    spec: { containers: [{ name: "main", image: "example.com/app:1" }], volumes, automountServiceAccountToken: false },
  });
const read = async (namespace: string, name: string) =>
  (await cluster.ask("GET", `/api/v1/namespaces/${namespace}/pods/${name}`)) as unknown as Pod & {
    metadata: { uid: string };
    spec: object;
  };

/** A service account with the role of the docs, and a kubeconfig of its own. */
async function user(): Promise<void> {
  const name = role.metadata.name;
  await post("/api/v1/namespaces/default/serviceaccounts", { kind: "ServiceAccount", metadata: { name } });
  await post("/apis/rbac.authorization.k8s.io/v1/clusterroles", role);
  await post("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
    subjects: [{ kind: "ServiceAccount", name, namespace: "default" }],
  });
  const asked = await post(`/api/v1/namespaces/default/serviceaccounts/${name}/token`, {
    kind: "TokenRequest",
    apiVersion: "authentication.k8s.io/v1",
    spec: {},
  });
  const token = ((asked["status"] ?? {}) as Fields)["token"];
  const [config] = parseAllDocuments(cluster.kubeconfig).map((one) => one.toJS() as { users: object[] });
  fs.writeFileSync(
    path.join(folder, "kubeconfig"),
    stringify({ ...config, users: config?.users.map((one) => ({ ...one, user: { token } })) }),
  );
}

const run = async (): Promise<Synced> => asked(async () => sync((await openCluster(undefined, folder)).client));
const names = ({ touched }: Synced) => touched.map((one) => `${one.namespace}/${one.pod}`).sort();

test("touches the pods that mount what it has not seen, once", async () => {
  const before = await read("shared", "store");
  const first = await run();
  expect(names(first)).toEqual(["prod-tenant/gateway", "shared/several", "shared/store"]);
  expect(syncText(first)).toContain("shared/store         config, limits");
  expect(await run()).toEqual({ touched: [], current: 3 });
  const after = await read("shared", "store");
  expect([after.metadata.uid, after.spec]).toEqual([before.metadata.uid, before.spec]);
  expect(after.metadata.annotations).toEqual({ own: "stays", [mountedAnnotation]: expect.stringMatching(/^[0-9a-f]{16}$/) });
  expect((await read("prod-tenant", "foreign")).metadata.annotations).toEqual({ own: "stays" });
});

test("touches only the pods of a ConfigMap whose content changed, in whatever kind of volume", async () => {
  await edit("shared", "limits-1", { data: { file: "b: 2" } });
  expect(names(await run())).toEqual(["shared/several"]);
  await edit("shared", "limits", { data: { file: "a: 2" } });
  expect(names(await run())).toEqual(["shared/several", "shared/store"]);
  await edit("prod-tenant", "routes", { data: { file: "d: 2" } });
  expect(names(await run())).toEqual(["prod-tenant/gateway"]);
  await edit("shared", "limits", { metadata: { labels: { any: "thing" } } });
  expect(names(await run())).toEqual([]);
});

test("a pod that comes later, or that ends, is no trouble", async () => {
  await pod("shared", "later", [{ name: "limits", configMap: { name: "limits" } }]);
  await pod("shared", "missing", [{ name: "limits", configMap: { name: "no-such-map", optional: true } }]);
  expect(names(await run())).toEqual(["shared/later", "shared/missing"]);
  await cluster.ask("DELETE", "/api/v1/namespaces/shared/pods/missing");
  expect(names(await run())).toEqual([]);
});

test("without the right to patch pods it says which right is missing, and where it is written", async () => {
  const rules = (role.rules as { verbs: string[] }[]).map((rule) => ({ ...rule, verbs: rule.verbs.filter((verb) => verb !== "patch") }));
  await cluster.ask("PATCH", `/apis/rbac.authorization.k8s.io/v1/clusterroles/${role.metadata.name}`, { rules });
  await edit("shared", "config", { data: { file: "c: 2" } });
  await expect(run()).rejects.toThrow(/cannot patch resource "pods"[\s\S]*docs\/operations.md/);
});
