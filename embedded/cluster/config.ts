import fs from "node:fs";
import path from "node:path";
import { stringify } from "yaml";
import type { Layout } from "./layout";
import { privateFile, privateFolder, readIfThere } from "../supervise/files";

/** Name of the cluster, the user and the context in every kubeconfig. */
const contextName = "tenantstack-embedded";

/**
 * A kubeconfig for one client certificate. Certificates stand in the file itself, so that a copy of it works anywhere on this machine.
 * `name` is the certificate's name in the pki folder.
 */
export function kubeconfigText(layout: Layout, server: string, name: string): string {
  const data = (file: string): string => fs.readFileSync(path.join(layout.pki, file)).toString("base64");
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: contextName, cluster: { server, "certificate-authority-data": data("ca.crt") } }],
    users: [{ name: contextName, user: { "client-certificate-data": data(`${name}.crt`), "client-key-data": data(`${name}.key`) } }],
    contexts: [{ name: contextName, context: { cluster: contextName, user: contextName } }],
    "current-context": contextName,
  });
}

/** Who may ask without credentials, and for what: health only. */
export const authentication = {
  apiVersion: "apiserver.config.k8s.io/v1beta1",
  kind: "AuthenticationConfiguration",
  anonymous: { enabled: true, conditions: [{ path: "/livez" }, { path: "/readyz" }, { path: "/healthz" }] },
};

/** Scheduler settings; the rest are the scheduler's defaults, so that spread, affinity and volume binding are judged as in production. */
function schedulerConfig(layout: Layout): object {
  return {
    apiVersion: "kubescheduler.config.k8s.io/v1",
    kind: "KubeSchedulerConfiguration",
    clientConnection: { kubeconfig: path.join(layout.config, "scheduler.kubeconfig"), qps: 200, burst: 400 },
    leaderElection: { leaderElect: false },
    enableProfiling: false,
    parallelism: 2,
  };
}

/** Writes the files that the parts read, and the user's kubeconfig. Untouched where the content is the same. */
export function writeConfig(layout: Layout, server: string): void {
  privateFolder(layout.config);
  const files: Record<string, string> = {
    [layout.kubeconfig]: kubeconfigText(layout, server, "admin"),
    [path.join(layout.config, "controller-manager.kubeconfig")]: kubeconfigText(layout, server, "controller-manager"),
    [path.join(layout.config, "scheduler.kubeconfig")]: kubeconfigText(layout, server, "scheduler"),
    [path.join(layout.config, "kwok.kubeconfig")]: kubeconfigText(layout, server, "kwok"),
    [path.join(layout.config, "authentication.yaml")]: stringify(authentication),
    [path.join(layout.config, "scheduler.yaml")]: stringify(schedulerConfig(layout)),
    [path.join(layout.config, "stages.yaml")]: fs.readFileSync(path.join(__dirname, "stages.yaml"), "utf8"),
  };
  for (const [file, text] of Object.entries(files)) {
    if (readIfThere(file) !== text) privateFile(file, text);
  }
}
