import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { thisPlatform } from "../../embedded/toolchain/ensure";
import { recipes } from "../../embedded/toolchain/recipes";
import type { Platform, ToolName } from "../../embedded/toolchain/types";
import { tools } from "../../model/versions";
import { Machine } from "./toolchain-machine";

let machine: Machine;
beforeEach(() => (machine = new Machine()));
afterEach(() => machine.close());

const scheduler = `/kubernetes/release/${tools.kubernetes}/bin/linux/amd64/kube-scheduler`;
const kwok = `/github/kubernetes-sigs/kwok/releases/download/${tools.kwok}/kwok-linux-amd64`;

describe("the order of ways", () => {
  test("a program on PATH wins over an official release", async () => {
    const file = machine.script("kube-scheduler", `echo "Kubernetes ${tools.kubernetes}"`);
    await machine.goOnline();
    machine.release(scheduler, "official", `${scheduler}.sha256`);
    machine.go();
    const tool = (await machine.ensure(["kube-scheduler"])).get("kube-scheduler");
    expect(tool).toEqual({ name: "kube-scheduler", version: tools.kubernetes, path: file, way: "path" });
    expect(machine.requests).toEqual([]);
    expect(machine.calls("go")).toEqual([]);
  });

  test("an official release wins over a build, and over a program on PATH of the wrong version", async () => {
    machine.script("kube-scheduler", `echo "Kubernetes v1.33.9"`);
    await machine.goOnline();
    machine.release(scheduler, "official", `${scheduler}.sha256`);
    machine.go();
    const tool = (await machine.ensure(["kube-scheduler"])).get("kube-scheduler");
    expect(tool?.way).toBe("official");
    expect(fs.readFileSync(tool?.path ?? "", "utf8")).toBe("official");
    expect(fs.statSync(tool?.path ?? "").mode & 0o111).toBe(0o111);
    expect(machine.calls("go")).toEqual([]);
  });

  test("without a release site it is built, with the flags of a release build", async () => {
    machine.go();
    const tool = (await machine.ensure(["kube-scheduler"])).get("kube-scheduler");
    expect(tool?.way).toBe("built");
    expect(fs.readFileSync(tool?.path ?? "", "utf8")).toBe("built");
    const build = machine.calls("go").at(-1) ?? "";
    expect(build).toContain("-trimpath");
    expect(build).toContain(`-s -w -X k8s.io/component-base/version.gitVersion=${tools.kubernetes}`);
    expect(build).not.toContain("-mod=mod");
  });

  test("a release that is not there is built instead, and the reason is said", async () => {
    await machine.goOnline();
    machine.go();
    expect((await machine.ensure(["kwok"])).get("kwok")?.way).toBe("built");
    expect(machine.said.join("\n")).toMatch(/kwok-linux-amd64 answered 404/);
  });

  test("a plugin is official, or the stand-in where its release cannot be had", async () => {
    expect((await machine.ensure(["plugin-tls"])).get("plugin-tls")).toMatchObject({
      way: "stand-in",
      path: path.resolve("embedded/providers"),
    });
    expect(machine.entries()).toEqual([]);
    machine.retry = true;
    await machine.goOnline();
    expect((await machine.ensure(["plugin-tls"])).get("plugin-tls")?.way).toBe("stand-in");
    expect(machine.entries()).toEqual([]);
    const file = recipes["plugin-tls"].official?.(machine.platform)?.[0]?.file ?? "";
    fs.writeFileSync(path.join(machine.root, "pulumi-resource-tls"), "plugin");
    const archive = spawnSync("tar", ["-cz", "-C", machine.root, "pulumi-resource-tls"], { timeout: 5000 }).stdout;
    machine.release(`/pulumi/${file}`, archive);
    const tool = (await machine.ensure(["plugin-tls"])).get("plugin-tls");
    expect(tool?.way).toBe("official");
    expect(fs.readFileSync(path.join(tool?.path ?? "", "pulumi-resource-tls"), "utf8")).toBe("plugin");
  });

  test.each<[ToolName, string, boolean]>([
    ["kubectl", "Client Version: v1.32.4-dispatcher", true],
    ["kubectl", "Client Version: v1.31.9", false],
    ["kubectl", "Client Version: v1.36.0", true],
    ["kube-apiserver", "Kubernetes v1.35.0", false],
    ["etcd", "etcd Version: 3.4.23", true],
    ["etcd", "etcd Version: 3.3.10", false],
    ["envoy", "envoy  version: 0a1b2c/1.39.0/Clean/RELEASE/BoringSSL", true],
    ["envoy", "envoy  version: 0a1b2c/1.38.9/Clean/RELEASE/BoringSSL", false],
  ])("%s on PATH that says %j is used: %s", async (name, says, used) => {
    machine.script(name, `echo "${says}"`);
    const found = await machine.ensure([name]).then(
      (all) => all.get(name)?.way,
      () => "not used",
    );
    expect(found).toBe(used ? "path" : "not used");
  });

  test.each([
    ["v3.100.0", true, "path"],
    ["v3.99.9", true, "built"],
    ["v4.0.0", true, "built"],
    ["v3.253.0", false, "built"],
  ])("pulumi %s on PATH, language host beside it %s: %s", async (version, host, way) => {
    machine.script("pulumi", `echo ${version}`);
    if (host) machine.script("pulumi-language-nodejs", "");
    machine.go();
    const tool = (await machine.ensure(["pulumi"])).get("pulumi");
    expect(tool?.way).toBe(way);
    if (way === "path") expect(tool?.path).toBe(machine.bin);
    else expect(fs.readdirSync(tool?.path ?? "")).toEqual(["pulumi", "pulumi-language-nodejs"]);
  });
});

describe("official downloads", () => {
  test("a file that is not what its checksum says is refused", async () => {
    await machine.goOnline();
    machine.release(scheduler, "tampered", `${scheduler}.sha256`, "official");
    machine.go();
    const tool = (await machine.ensure(["kube-scheduler"])).get("kube-scheduler");
    expect(fs.readFileSync(tool?.path ?? "", "utf8")).toBe("built");
    expect(machine.said.join("\n")).toMatch(/does not match its published checksum/);
  });

  test("a missing checksum file refuses the release; without Go the message gives both reasons", async () => {
    await machine.goOnline();
    machine.release(scheduler, "official");
    const message = await machine.failure(["kube-scheduler"]);
    expect(message).toMatch(/kube-scheduler.*no go on PATH.*Install Go 1\.26/s);
    expect(message).toMatch(/kube-scheduler\.sha256 answered 404/);
    expect(machine.entries()).toEqual([]);
  });

  test("half a download leaves nothing", async () => {
    await machine.goOnline();
    machine.routes.set(kwok, (answer) => {
      answer.writeHead(200, { "content-length": "1000" });
      answer.write("half", () => answer.destroy());
    });
    expect(await machine.failure(["kwok"])).toMatch(/stopped after \d+ of 1000 bytes/);
    expect(machine.entries()).toEqual([]);
  });

  test("a list of checksums serves an archive, of which only the program is kept", async () => {
    await machine.goOnline();
    const name = `etcd-${tools.etcd}-linux-amd64`;
    fs.mkdirSync(path.join(machine.root, name));
    for (const file of ["etcd", "README.md"]) fs.writeFileSync(path.join(machine.root, name, file), file);
    const archive = spawnSync("tar", ["-cz", "-C", machine.root, name], { timeout: 5000 }).stdout;
    const folder = `/github/etcd-io/etcd/releases/download/${tools.etcd}`;
    machine.release(`${folder}/${name}.tar.gz`, archive, `${folder}/SHA256SUMS`);
    const tool = (await machine.ensure(["etcd"])).get("etcd");
    expect(tool?.way).toBe("official");
    expect(fs.readdirSync(path.dirname(tool?.path ?? ""))).toEqual(["etcd"]);
  });

  test("sites that never answer cost the budget once for all tools, and are remembered", async () => {
    await machine.goOnline(true);
    machine.budget = 2000;
    const began = Date.now();
    expect(await machine.failure(["kube-scheduler", "kwok", "etcd", "plugin-tls"])).toMatch(/no answer from .*kubernetes\/.*github\//);
    expect(Date.now() - began).toBeLessThan(2300);
    expect(machine.requests.sort()).toEqual(["HEAD /github", "HEAD /kubernetes", "HEAD /pulumi"]);
    await machine.failure(["prometheus-operator", "plugin-kubernetes"]);
    expect(machine.requests).toHaveLength(3);
    machine.retry = true;
    await machine.failure(["kube-apiserver"]);
    expect(machine.requests).toHaveLength(4);
  });

  test("a site that answers the probe and then falls silent costs no more than the budget", async () => {
    await machine.goOnline();
    machine.routes.set(kwok, () => undefined);
    machine.budget = 1000;
    const began = Date.now();
    expect(await machine.failure(["kwok"])).toMatch(/kwok-linux-amd64 gave no answer in time/);
    expect(Date.now() - began).toBeLessThan(machine.budget + 1500);
    expect(await machine.failure(["prometheus-operator"])).toMatch(/no answer from/);
    expect(machine.downloads()).toHaveLength(1);
  });

  test("an unreachable site is asked again after a day", async () => {
    machine.go();
    await machine.ensure(["kwok"]);
    const file = path.join(machine.cache, "way.json");
    await machine.goOnline();
    const dayAgo = (hours: number) =>
      fs.writeFileSync(
        file,
        JSON.stringify({ [machine.sites.pulumi]: { reachable: false, when: new Date(Date.now() - hours * 3_600_000) } }),
      );
    dayAgo(23);
    await machine.ensure(["plugin-tls"]);
    expect(machine.requests).toEqual([]);
    dayAgo(25);
    await machine.ensure(["plugin-tls"]);
    expect(machine.requests[0]).toBe("HEAD /pulumi");
  });

  test.each<[Platform, ToolName, string | undefined]>([
    [{ os: "darwin", arch: "arm64" }, "pulumi", `releases/sdk/pulumi-${tools.pulumi}-darwin-arm64.tar.gz`],
    [{ os: "linux", arch: "amd64" }, "pulumi", `releases/sdk/pulumi-${tools.pulumi}-linux-x64.tar.gz`],
    [{ os: "darwin", arch: "arm64" }, "kube-apiserver", undefined],
    [{ os: "darwin", arch: "arm64" }, "kubectl", `release/${tools.kubernetes}/bin/darwin/arm64/kubectl`],
    [{ os: "darwin", arch: "amd64" }, "etcd", `etcd-io/etcd/releases/download/${tools.etcd}/etcd-${tools.etcd}-darwin-amd64.zip`],
    [{ os: "linux", arch: "arm64" }, "plugin-tls", "releases/plugins/pulumi-resource-tls-v5.6.1-linux-arm64.tar.gz"],
  ])("on %j %s comes from %s", (platform, name, file) => {
    expect(recipes[name].official?.(platform)?.[0]?.file).toBe(file);
  });

  test("other platforms are refused with a remedy", () => {
    expect(thisPlatform("darwin", "arm64")).toEqual({ os: "darwin", arch: "arm64" });
    expect(() => thisPlatform("win32", "x64")).toThrow(/this is win32 on x64.*WSL 2/);
  });
});
