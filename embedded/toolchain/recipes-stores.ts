import { stores, tools } from "../../model/versions";
import type { Download, Recipe } from "./recipe";
import type { Platform, StoreName } from "./types";

/** What differs between versions of one store's program. */
interface Store {
  readonly module: string;
  /** Folder of its command. */
  readonly package: string;
  readonly official: (version: string, platform: Platform) => Download;
  /** Go variable that `-version` prints. */
  readonly versionVariable: string;
  readonly tags: string;
  readonly replaces?: readonly string[];
  /** Of a first build, after the store before it in the table. */
  readonly seconds: number;
  readonly megabytes: number;
}

const prometheusVersion = "github.com/prometheus/common/version.Version";

const table: Readonly<Record<StoreName, Store>> = {
  thanos: {
    module: "github.com/thanos-io/thanos",
    package: "cmd/thanos",
    official: (version, { os, arch }) => {
      const name = `thanos-${version.slice(1)}.${os}-${arch}`;
      const folder = `thanos-io/thanos/releases/download/${version}`;
      return {
        host: "github",
        file: `${folder}/${name}.tar.gz`,
        checksums: `${folder}/sha256sums.txt`,
        megabytes: 50,
        take: [{ from: `${name}/thanos`, to: "bin/thanos" }],
      };
    },
    versionVariable: prometheusVersion,
    // Without `slicelabels` the casts of labels are wrong at run time (the projects' own Makefiles set it).
    tags: "netgo,slicelabels",
    seconds: 330,
    megabytes: 260,
  },
  cortex: {
    module: "github.com/cortexproject/cortex",
    package: "cmd/cortex",
    official: (version, { os, arch }) => ({
      host: "github",
      file: `cortexproject/cortex/releases/download/${version}/cortex-${os}-${arch}`,
      checksums: `cortexproject/cortex/releases/download/${version}/cortex-${os}-${arch}-sha-256`,
      megabytes: 110,
      take: [{ from: "", to: "bin/cortex" }],
    }),
    versionVariable: prometheusVersion,
    tags: "netgo,slicelabels",
    seconds: 240,
    megabytes: 90,
  },
  loki: {
    module: "github.com/grafana/loki/v3",
    package: "cmd/loki",
    official: (version, { os, arch }) => ({
      host: "github",
      file: `grafana/loki/releases/download/${version}/loki-${os}-${arch}.zip`,
      checksums: `grafana/loki/releases/download/${version}/SHA256SUMS`,
      megabytes: 40,
      take: [{ from: `loki-${os}-${arch}`, to: "bin/loki" }],
    }),
    versionVariable: "github.com/grafana/loki/v3/pkg/util/build.Version",
    tags: "netgo",
    // A local replace in Loki's own go.mod; the nested module has no tags.
    replaces: ["github.com/grafana/loki/pkg/push=github.com/grafana/loki/pkg/push@v0.0.0-20250630054201-94c0ba7b0952"],
    seconds: 280,
    megabytes: 150,
  },
};

function recipe(store: StoreName, version: string, name: Recipe["name"]): Recipe {
  const { module, package: folder, official, versionVariable, tags, replaces, seconds, megabytes } = table[store];
  const isBefore = name !== store;
  return {
    name,
    version,
    result: `bin/${store}`,
    official: (platform) => [official(version, platform)],
    fallback: {
      kind: "go",
      commands: [
        {
          program: store,
          module,
          version,
          package: `${module}/${folder}`,
          variables: { [versionVariable]: version },
          tags,
          ...(replaces && { replaces }),
          // Most packages are those of the version that runs, and built by then.
          seconds: isBefore ? Math.round(seconds / 2) : seconds,
          megabytes: isBefore ? Math.round(megabytes / 4) : megabytes,
        },
      ],
    },
  };
}

/** Thanos first: the others share most of its packages. */
const names = ["thanos", "cortex", "loki"] as const satisfies readonly StoreName[];

/** The stores that run, and the versions before them. Programs on PATH are not used: configurations are checked by the pinned versions. */
export const storeRecipes = Object.fromEntries([
  ...names.map((name) => [name, recipe(name, stores[name][0], name)] as const),
  ...names.map((name) => [`${name}-before`, recipe(name, stores[name][1], `${name}-before`)] as const),
]) as Readonly<Record<StoreName | `${StoreName}-before`, Recipe>>;

/** The S3 server of `npm start`. */
export const versitygw: Recipe = {
  name: "versitygw",
  version: tools.versitygw,
  result: "bin/versitygw",
  official: ({ os, arch }) => {
    const name = `versitygw_${tools.versitygw}_${os === "linux" ? "Linux" : "Darwin"}_${arch === "amd64" ? "x86_64" : arch}`;
    const folder = `versity/versitygw/releases/download/${tools.versitygw}`;
    return [
      {
        host: "github",
        file: `${folder}/${name}.tar.gz`,
        checksums: `${folder}/checksums.txt`,
        megabytes: 20,
        take: [{ from: `${name}/versitygw`, to: "bin/versitygw" }],
      },
    ];
  },
  fallback: {
    kind: "go",
    commands: [
      {
        program: "versitygw",
        module: "github.com/versity/versitygw",
        version: tools.versitygw,
        package: "github.com/versity/versitygw/cmd/versitygw",
        variables: { "main.Version": tools.versitygw },
        seconds: 65,
        megabytes: 60,
      },
    ],
  },
};
