import fs from "node:fs";
import path from "node:path";
import { ApiClient, UnreachableError } from "../embedded/providers/kubernetes/client";
import { UserError as ProviderError } from "../embedded/providers/protocol/errors";
import { UserError } from "./errors";
import { stateFolder } from "./paths";

/** A cluster as commands reach it. */
export interface Cluster {
  readonly client: ApiClient;
  /** Arguments by which kubectl reaches the same. */
  readonly kubectlArgs: readonly string[];
}

/**
 * The cluster of a context of the user's kubeconfig, or without one the embedded cluster.
 * @throws UserError that says what to name instead.
 */
export async function openCluster(context: string | undefined, dir: string = stateFolder): Promise<Cluster> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  if (context === undefined) {
    const file = path.join(dir, "kubeconfig");
    if (!fs.existsSync(file))
      throw new UserError("There is no embedded cluster here. Run npm start, or name a context of your kubeconfig with --context.");
    config.loadFromFile(file);
    return { client: new ApiClient(config), kubectlArgs: ["--kubeconfig", file] };
  }
  config.loadFromDefault();
  const known = config.getContexts().map((one) => one.name);
  if (!known.includes(context))
    throw new UserError(
      `Context ${context} is not in your kubeconfig (KUBECONFIG, else ~/.kube/config). It has: ${known.join(", ") || "none"}. Name one of these with --context.`,
    );
  config.setCurrentContext(context);
  return { client: new ApiClient(config), kubectlArgs: ["--context", context] };
}

/** Errors of the API server as a person is told them, with the right that was missing. */
export async function asked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    const hint = error instanceof UnreachableError ? "" : "\nThe rights that this command needs are in docs/operations.md.";
    throw new UserError(`${error.message}${hint}`);
  }
}
