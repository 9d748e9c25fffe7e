import { EngineLab } from "./engine-kit";

/** The stand-ins under the real engine: small programs, run one after the other on one stack, against a real API server. */

let lab: EngineLab;
const run: EngineLab["run"] = (...args) => lab.run(...args);

const configMap = (name: string) => `/api/v1/namespaces/default/configmaps/${name}`;

beforeAll(async () => {
  lab = await EngineLab.start();
}, 120_000);

afterAll(async () => lab.stop(), 60_000);

test("an up creates, a second one changes nothing, and no secret is readable in the state", async () => {
  const body = `
    const home = new k8s.core.v1.Namespace("home", { metadata: { name: "home" } }, on());
    const key = new tls.PrivateKey("key", { algorithm: "ECDSA", ecdsaCurve: "P256" });
    const ca = new tls.SelfSignedCert("ca", { privateKeyPem: key.privateKeyPem, isCaCertificate: true, subject: { commonName: "test" }, allowedUses: ["cert_signing"], validityPeriodHours: 24 });
    new k8s.core.v1.Secret("secret", { metadata: { namespace: home.metadata.name }, stringData: { key: key.privateKeyPem, word: "correct-horse" } }, on());
    map("plain", { ca: ca.certPem }, {}, { namespace: home.metadata.name });
    exports.pem = key.privateKeyPem;`;
  const first = await run("up", body);
  expect([first.code, first.text]).toEqual([0, expect.any(String)]);
  expect(Object.values(first.steps).every((ops) => ops.join() === "create")).toBe(true);
  const secretWords = ["correct-horse", Buffer.from("correct-horse").toString("base64"), "EC PRIVATE KEY"];
  for (const text of [lab.state(), first.text]) for (const word of secretWords) expect(text).not.toContain(word);
  expect((await run("up")).steps).toEqual({});
}, 120_000);

test("an out-of-band change is shown by a refresh and set back by the next up", async () => {
  await run("up", `map("drift", { a: "1" });`);
  await lab.cluster.ask("PATCH", configMap("drift"), { data: { a: "foreign" } }, { manager: "kubectl-edit" });
  expect((await run("refresh")).steps).toMatchObject({ drift: ["refresh"] });
  expect((await run("up")).steps).toEqual({ drift: ["update"] });
  expect((await lab.cluster.ask("GET", configMap("drift")))["data"]).toEqual({ a: "1" });
  await lab.cluster.ask("DELETE", configMap("drift"));
  await run("refresh");
  expect((await run("up")).steps).toEqual({ drift: ["create"] });
}, 120_000);

test("an immutable field replaces: the old object is deleted first where the name is fixed, last where it is not", async () => {
  const body = (label: string) => `
    const labels = { app: "${label}" };
    const spec = { replicas: 0, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: "main", image: "example.com/app:1" }] } } };
    new k8s.apps.v1.Deployment("fixed", { metadata: { name: "fixed" }, spec }, on());
    new k8s.apps.v1.Deployment("auto", { spec }, on());`;
  expect((await run("up", body("one"))).steps).toMatchObject({ fixed: ["create"], auto: ["create"] });
  lab.write(body("two"));
  const preview = await lab.engine("preview", "--stack", "dev");
  expect([preview.code, preview.stdout]).toEqual([0, expect.stringMatching(/2 to replace/)]);
  const { steps } = await run("up");
  expect([steps["fixed"], steps["auto"]]).toEqual([
    ["delete-replaced", "replace", "create-replacement"],
    ["create-replacement", "replace", "delete-replaced"],
  ]);
}, 120_000);

test("protect, retainOnDelete, deletedWith and import work with it", async () => {
  await lab.cluster.ask("POST", "/api/v1/namespaces/default/configmaps", { metadata: { name: "imported" }, data: { a: "1" } });
  const kept = `map("kept", { a: "1" }, { retainOnDelete: true });`;
  const body = `
    const home = new k8s.core.v1.Namespace("room", { metadata: { name: "room" } }, on());
    map("inside", { a: "1" }, { deletedWith: home }, { namespace: home.metadata.name });
    map("guarded", { a: "1" }, { protect: true });
    map("imported", { a: "1" }, { import: "default/imported" });`;
  expect((await run("up", body + kept)).steps).toMatchObject({ imported: ["import"], guarded: ["create"] });
  expect((await run("up", body)).steps).toEqual({ kept: ["delete"] });
  expect((await lab.cluster.ask("GET", configMap("kept")))["data"]).toEqual({ a: "1" });
  const refused = await run("up", body.replace(/map\("guarded".*/, ""));
  expect([refused.code, refused.text]).toEqual([expect.any(Number), expect.stringMatching(/protect/)]);
  expect(refused.code).not.toBe(0);
  const gone = await run("up", `map("guarded", { a: "1" });`);
  expect(gone.code).toBe(0);
  expect(await lab.cluster.ask("GET", "/api/v1/namespaces/room")).toMatchObject({ code: 404 });
}, 120_000);

test("an object that does not get ready fails the run with the reason, stays in the state and is mended by the next up", async () => {
  const body = (selector: string) => `
    const labels = { app: "web" };
    new k8s.core.v1.Pod("web", { metadata: { name: "web", labels }, spec: { containers: [{ name: "main", image: "example.com/app:1" }] } }, on());
    new k8s.core.v1.Service("web", { metadata: { name: "web" }, spec: { selector: { app: "${selector}" }, ports: [{ port: 80 }] } }, on({ customTimeouts: { create: "1s" } }));`;
  const failed = await run("up", body("nobody"));
  expect([failed.code, failed.text]).toEqual([expect.any(Number), expect.stringMatching(/not ready after 1 s: no ready pod matches/)]);
  expect(failed.code).not.toBe(0);
  const mended = await run("up", body("web"));
  expect([mended.code, mended.steps["web"]]).toEqual([0, ["update"]]);
}, 120_000);

test("a certificate is renewed when it is due, and destroy leaves nothing behind", async () => {
  const body = (early: number) => `
    const key = new tls.PrivateKey("key", { algorithm: "ED25519" });
    new tls.SelfSignedCert("cert", { privateKeyPem: key.privateKeyPem, allowedUses: [], validityPeriodHours: 10, earlyRenewalHours: ${early} });
    map("last", { a: "1" });`;
  await run("up", body(5));
  expect((await run("up")).steps).toEqual({});
  expect((await run("up", body(10))).steps).toEqual({ cert: ["create-replacement", "replace", "delete-replaced"] });
  expect((await run("destroy")).code).toBe(0);
  expect(await lab.cluster.ask("GET", configMap("last"))).toMatchObject({ code: 404 });
}, 120_000);
