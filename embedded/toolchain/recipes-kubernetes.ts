import { tools } from "../../model/versions";
import type { Recipe } from "./recipe";

const kubernetesMinor = Number(tools.kubernetes.split(".")[1]);

/** Kubernetes' own local replaces (`=> ./staging/...`) are published as v0.X.Y of the same release. */
const stagingVersion = tools.kubernetes.replace(/^v1\./, "v0.");

/** One of Kubernetes' programs. */
export interface KubernetesProgram {
  readonly name: "kube-apiserver" | "kube-controller-manager" | "kube-scheduler" | "kubectl";
  /** Size of the official download. */
  readonly megabytes: number;
  /** What a build takes after those before it in the table, and what it downloads. */
  readonly goSeconds: number;
  readonly goMegabytes: number;
}

/** All ways to a program of Kubernetes. */
export function kubernetesRecipe({ name, megabytes, goSeconds, goMegabytes }: KubernetesProgram): Recipe {
  const isClient = name === "kubectl";
  // How many minor versions one on PATH may differ by. None in the control plane: a controller manager must not be newer than its API server.
  const skew = isClient ? 2 : 0;
  const versionPackage = "k8s.io/component-base/version";
  return {
    name,
    version: tools.kubernetes,
    result: `bin/${name}`,
    onPath: {
      ask: isClient ? ["version", "--client"] : ["--version"],
      pattern: /(?:Client Version:|Kubernetes) v(\d+)\.(\d+)\.(\d+)/,
      accepts: (major, minor) => major === 1 && Math.abs(minor - kubernetesMinor) <= skew,
    },
    // Server programs are released for Linux only; elsewhere they are built.
    official: ({ os, arch }) => {
      if (os !== "linux" && !isClient) return undefined;
      const file = `release/${tools.kubernetes}/bin/${os}/${arch}/${name}`;
      return [{ host: "kubernetes", file, checksums: `${file}.sha256`, megabytes, take: [{ from: "", to: `bin/${name}` }] }];
    },
    fallback: {
      kind: "go",
      commands: [
        {
          program: name,
          module: "k8s.io/kubernetes",
          version: tools.kubernetes,
          package: `k8s.io/kubernetes/cmd/${name}`,
          variables: {
            [`${versionPackage}.gitVersion`]: tools.kubernetes,
            [`${versionPackage}.gitMajor`]: "1",
            [`${versionPackage}.gitMinor`]: String(kubernetesMinor),
          },
          localReplaces: stagingVersion,
          seconds: goSeconds,
          megabytes: goMegabytes,
        },
      ],
    },
  };
}
