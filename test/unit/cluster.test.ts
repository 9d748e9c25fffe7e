import { X509Certificate } from "node:crypto";
import fs from "node:fs";
import https from "node:https";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { clusterStatus, resetCluster, stopCluster } from "../../embedded/cluster";
import { Api } from "../../embedded/cluster/api";
import { kubeconfigText, writeConfig } from "../../embedded/cluster/config";
import { crdsIn, hashOf, readCrds } from "../../embedded/cluster/crds";
import type { Layout } from "../../embedded/cluster/layout";
import { layoutOf, logOf, partNames } from "../../embedded/cluster/layout";
import { applyObjects } from "../../embedded/cluster/objects";
import type { PartSpec } from "../../embedded/cluster/parts";
import { fingerprint, partSpecs } from "../../embedded/cluster/parts";
import { ensurePki, wishes } from "../../embedded/cluster/pki";
import { freePorts, isFree } from "../../embedded/cluster/ports";
import { ensureState, readState } from "../../embedded/cluster/state";
import type { Reporter } from "../../embedded/console";
import { silentReporter } from "../../embedded/console";
import { privateFile, privateFolder } from "../../embedded/supervise/files";
import { Records } from "../../embedded/supervise/records";

const hour = 3_600_000;
const year = 365 * 24 * hour;
let dir: string;
let layout: Layout;
let notes: string[];
const listening: Reporter = { ...silentReporter, note: (text) => void notes.push(text) };

beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tenantstack-cluster-"));
  layout = layoutOf(dir);
  notes = [];
});
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));

describe("certificates", () => {
  const certificate = (name: string): X509Certificate => new X509Certificate(fs.readFileSync(path.join(layout.pki, `${name}.crt`)));

  test("one private set, valid since an hour ago, for loopback, each authority for its own", async () => {
    expect(await ensurePki(layout)).toBe("made");
    const server = certificate("apiserver");
    expect(server.checkIP("127.0.0.1")).toBe("127.0.0.1");
    expect(server.checkHost("localhost")).toBe("localhost");
    expect(server.checkHost("example.com")).toBeUndefined();
    expect(Math.abs(Date.parse(server.validFrom) - (Date.now() - hour))).toBeLessThan(60_000);
    expect(server.verify(certificate("ca").publicKey)).toBe(true);
    expect(certificate("etcd").verify(certificate("ca").publicKey)).toBe(false);
    expect(certificate("etcd").verify(certificate("etcd-ca").publicKey)).toBe(true);
    expect(certificate("admin").subject.split("\n").sort()).toEqual(["CN=embedded-admin", "O=system:masters"]);
    const modes = fs.readdirSync(layout.pki).map((name) => fs.statSync(path.join(layout.pki, name)).mode & 0o777);
    expect(new Set(modes)).toEqual(new Set([0o600]));
    expect(fs.statSync(layout.pki).mode & 0o777).toBe(0o700);
  });

  test("no key of an authority is kept, and no certificate serves and signs in beyond its wish", async () => {
    await ensurePki(layout);
    const keys = fs.readdirSync(layout.pki).filter((name) => name.endsWith(".key"));
    expect(keys.filter((name) => name.includes("ca"))).toEqual([]);
    const use = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" };
    for (const wish of wishes) {
      const expected = [...(wish.server ? [use.server] : []), ...(wish.client ? [use.client] : [])];
      expect([wish.name, certificate(wish.name).keyUsage]).toEqual([wish.name, expected]);
    }
  });

  test("kept while good; renewed as a whole when expired, before their time, damaged, incomplete or mixed", async () => {
    await ensurePki(layout);
    const first = certificate("ca").fingerprint256;
    expect(await ensurePki(layout)).toBe("kept");
    expect(certificate("ca").fingerprint256).toBe(first);
    expect(await ensurePki(layout, Date.now() + 11 * year)).toBe("renewed");
    expect(certificate("ca").fingerprint256).not.toBe(first);
    expect(await ensurePki(layout, Date.now() - 2 * hour)).toBe("renewed");
    fs.writeFileSync(path.join(layout.pki, "kwok.crt"), "half");
    expect(await ensurePki(layout)).toBe("renewed");
    fs.rmSync(path.join(layout.pki, "service-accounts.pub"));
    expect(await ensurePki(layout)).toBe("renewed");
    fs.copyFileSync(path.join(layout.pki, "admin.key"), path.join(layout.pki, "kwok.key"));
    expect(await ensurePki(layout)).toBe("renewed");
    expect(await ensurePki(layout)).toBe("kept");
  });
});

describe("ports and identity", () => {
  const nobody = (): boolean => false;
  const strangerAt = async (port: number): Promise<net.Server> =>
    new Promise((resolve) => {
      const server = net.createServer().listen(port, "127.0.0.1", () => resolve(server));
    });

  test("chosen once, all different, and kept", async () => {
    const state = await ensureState(layout, nobody, listening);
    fs.mkdirSync(layout.etcd);
    expect(new Set(Object.values(state.ports)).size).toBe(6);
    expect(await ensureState(layout, nobody, listening)).toEqual(state);
    expect(notes).toEqual([]);
  });

  test("a stranger on a kept port: only that port moves, and it is said; a port of a running part is its own", async () => {
    const state = await ensureState(layout, nobody, listening);
    fs.mkdirSync(layout.etcd);
    const stranger = await strangerAt(state.ports["kube-apiserver"]);
    try {
      expect(await isFree(state.ports["kube-apiserver"])).toBe(false);
      expect(await ensureState(layout, () => true, listening)).toEqual(state);
      const moved = await ensureState(layout, nobody, listening);
      expect(moved).toEqual({ ...state, ports: { ...state.ports, "kube-apiserver": moved.ports["kube-apiserver"] } });
      expect(moved.ports["kube-apiserver"]).not.toBe(state.ports["kube-apiserver"]);
      expect(notes).toEqual([expect.stringContaining(`Port ${state.ports["kube-apiserver"]} of kube-apiserver is taken`)]);
      expect(readState(layout)).toEqual(moved);
    } finally {
      await new Promise((resolve) => stranger.close(resolve));
    }
  });

  test("damaged state is made anew; lost data make another cluster", async () => {
    const state = await ensureState(layout, nobody, listening);
    expect((await ensureState(layout, nobody, listening)).identity).not.toBe(state.identity);
    fs.mkdirSync(layout.etcd);
    fs.writeFileSync(layout.cluster, '{"identity": "');
    const anew = await ensureState(layout, nobody, listening);
    expect(anew.identity).not.toBe(state.identity);
    expect(readState(layout)).toEqual(anew);
  });

  test("many free ports at once never repeat", async () => {
    expect(new Set(await freePorts(50)).size).toBe(50);
  });
});

describe("configuration of the parts", () => {
  async function specs(server = "https://127.0.0.1:1", crds = "x"): Promise<Readonly<Record<string, PartSpec>>> {
    await ensurePki(layout);
    const { ports } = await ensureState(layout, () => true, listening);
    fs.mkdirSync(layout.etcd, { recursive: true });
    writeConfig(layout, server);
    const programs = Object.fromEntries(partNames.map((name) => [name, `/bin/${name}`])) as Parameters<typeof partSpecs>[0]["programs"];
    return partSpecs({ layout, ports, programs }, crds);
  }

  test("whatever listens, listens on 127.0.0.1, and files stay in the folder", async () => {
    for (const spec of Object.values(await specs())) {
      const args = spec.args.join("\n");
      expect(args).not.toMatch(/0\.0\.0\.0|\[::\]|=:\d|http:/);
      const paths = args.match(/(?<==)\/[^\n,]*/g) ?? [];
      expect(paths.filter((file) => !file.startsWith(`${dir}/`) && file !== "/healthz")).toEqual([]);
      for (const file of spec.reads) expect([file, fs.existsSync(file)]).toEqual([file, true]);
      if (spec.name !== "kwok") expect(args).toContain("127.0.0.1");
    }
  });

  test("a part starts anew exactly when what it depends on changes", async () => {
    const prints = async (...args: Parameters<typeof specs>): Promise<Record<string, string>> =>
      Object.fromEntries(Object.entries(await specs(...args)).map(([name, spec]) => [name, fingerprint(spec)]));
    const changed = (a: Record<string, string>, b: Record<string, string>): string[] => partNames.filter((name) => a[name] !== b[name]);
    const first = await prints();
    expect(changed(first, await prints())).toEqual([]);
    expect(changed(first, await prints("https://127.0.0.1:2"))).toEqual(["kube-controller-manager", "kube-scheduler", "kwok"]);
    expect(changed(first, await prints("https://127.0.0.1:1", "y"))).toEqual(["prometheus-operator"]);
    fs.rmSync(layout.pki, { recursive: true });
    expect(changed(first, await prints())).toEqual([...partNames]);
  });

  test("the kubeconfig stands alone and is private", async () => {
    await specs("https://127.0.0.1:6443");
    const config = parse(fs.readFileSync(layout.kubeconfig, "utf8")) as {
      clusters: { cluster: Record<string, string> }[];
      users: { user: Record<string, string> }[];
    };
    expect(config.clusters[0]?.cluster["server"]).toBe("https://127.0.0.1:6443");
    const inFile = Buffer.from(config.users[0]?.user["client-certificate-data"] ?? "", "base64").toString();
    expect(inFile).toBe(fs.readFileSync(path.join(layout.pki, "admin.crt"), "utf8"));
    expect(fs.readFileSync(layout.kubeconfig, "utf8")).toBe(kubeconfigText(layout, "https://127.0.0.1:6443", "admin"));
    expect(fs.statSync(layout.kubeconfig).mode & 0o777).toBe(0o600);
  });

  test("the stages answer to the driver of the storage class that bring-up makes", async () => {
    const applied: { kind: string; provisioner?: string }[] = [];
    const api = {
      apply: async (_: string, text: string) => Promise.resolve(void applied.push(JSON.parse(text) as (typeof applied)[number])),
    };
    await applyObjects(api as unknown as Parameters<typeof applyObjects>[0]);
    const provisioner = applied.find((object) => object.kind === "StorageClass")?.provisioner;
    const stages = parseAllDocuments(fs.readFileSync(path.join(__dirname, "../../embedded/cluster/stages.yaml"), "utf8")).map(
      (d) => d.toJS() as { metadata: { name: string } },
    );
    const volume = stages.filter((stage) => stage.metadata.name.startsWith("volume-"));
    expect(volume).toHaveLength(2);
    for (const stage of volume) expect(JSON.stringify(stage)).toContain(`"${provisioner}"`);
  });
});

describe("requests of bring-up", () => {
  async function answering(statuses: number[], work: (api: Api) => Promise<void>): Promise<number> {
    await ensurePki(layout);
    const read = (name: string): Buffer => fs.readFileSync(path.join(layout.pki, name));
    let asked = 0;
    const server = https.createServer(
      { cert: read("apiserver.crt"), key: read("apiserver.key"), ca: read("ca.crt"), requestCert: true, rejectUnauthorized: true },
      (_, response) => {
        response.statusCode = statuses[Math.min(asked, statuses.length - 1)] ?? 500;
        asked += 1;
        response.end('{"message":"the reason"}');
      },
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const api = new Api(layout, (server.address() as net.AddressInfo).port);
    try {
      await work(api);
    } finally {
      api.close();
      await new Promise((resolve) => server.close(resolve));
    }
    return asked;
  }

  test("are repeated while the server is busy or not yet open", async () => {
    expect(await answering([429, 503, 200], async (api) => expect(await api.get("/x")).toEqual({ message: "the reason" }))).toBe(3);
    expect(await answering([429, 201], async (api) => api.apply("/x", "{}"))).toBe(2);
  });

  test("404 is an absence; any other refusal is an error with the server's reason, at once", async () => {
    expect(await answering([404], async (api) => expect(await api.get("/x")).toBeUndefined())).toBe(1);
    expect(await answering([403], async (api) => expect(api.get("/x")).rejects.toThrow("GET /x with status 403: the reason"))).toBe(1);
    expect(await answering([422], async (api) => expect(api.apply("/x", "{}")).rejects.toThrow("status 422: the reason"))).toBe(1);
  });
});

describe("custom resource definitions in files", () => {
  const crd = (name: string): string =>
    `apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  annotations:\n    a/b: "1"\n  name: ${name}\nspec:\n  names:\n    kind: X\n`;

  test("found among other documents, by their own name", () => {
    const other = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: other\ndata:\n  kind: CustomResourceDefinition\n";
    const found = crdsIn(`# top\n---\n${crd("a.example.com")}---\n${other}--- # next\n${crd("b.example.com")}`, "file.yaml");
    expect(found.map((c) => c.name)).toEqual(["a.example.com", "b.example.com"]);
  });

  test("one hash over all: another content, another hash; the order of folders is not in it", () => {
    fs.mkdirSync(path.join(dir, "sub"));
    fs.writeFileSync(path.join(dir, "sub", "a.yaml"), crd("a.example.com"));
    fs.writeFileSync(path.join(dir, "b.yml"), crd("b.example.com"));
    fs.writeFileSync(path.join(dir, "readme.md"), crd("c.example.com"));
    const before = readCrds(dir);
    expect(before.map((c) => c.name).sort()).toEqual(["a.example.com", "b.example.com"]);
    fs.writeFileSync(path.join(dir, "b.yml"), `${crd("b.example.com")}  scope: Namespaced\n`);
    expect(hashOf(readCrds(dir))).not.toBe(hashOf(before));
  });

  test("a folder without any, or that is not there, and one without a name are refused with the place", () => {
    expect(() => readCrds(dir)).toThrow(`${dir}: no CustomResourceDefinition`);
    expect(() => readCrds(path.join(dir, "none"))).toThrow("no such folder");
    expect(() => crdsIn("kind: CustomResourceDefinition\nmetadata:\n  labels: {}\nspec:\n  names:\n    name: x\n", "f.yaml")).toThrow(
      "f.yaml",
    );
  });
});

describe("records, status, stop and reset of what is not there", () => {
  test("a damaged record counts as none; a record of another start of the number counts as dead", async () => {
    privateFile(layout.processes, "{");
    const records = new Records(layout.processes);
    expect(records.all()).toEqual({});
    records.write("etcd", { pid: process.pid, started: "of an earlier process", fingerprint: "f" });
    const { running, parts } = await clusterStatus(dir);
    expect(running).toBe(false);
    expect(parts[0]).toEqual({ name: "etcd", pid: process.pid, state: "dead", log: logOf(layout, "etcd") });
    // Must not end this very process, whose number stands in the record.
    await stopCluster(dir, silentReporter);
    expect(records.all()).toEqual({});
  });

  test("stop and reset of nothing do nothing; a reset leaves what others keep", async () => {
    const nowhere = path.join(dir, "nowhere");
    await stopCluster(nowhere, silentReporter);
    await resetCluster(nowhere, silentReporter);
    expect(fs.existsSync(nowhere)).toBe(false);
    await ensurePki(layout);
    privateFolder(layout.logs);
    fs.writeFileSync(logOf(layout, "etcd"), "");
    fs.writeFileSync(path.join(layout.logs, "other.log"), "");
    await resetCluster(dir, silentReporter);
    expect(fs.readdirSync(dir)).toEqual(["logs"]);
    expect(fs.readdirSync(layout.logs)).toEqual(["other.log"]);
  });
});
