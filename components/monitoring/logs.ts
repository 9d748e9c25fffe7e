import * as kubernetes from "../kubernetes/api";
import type { types } from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { hostNames } from "../../model/hosts";
import { logsNamespace, platformTenant, tenantNamespace } from "../../model/names";
import { textHash } from "../../model/text";
import { keyId } from "../../model/tokens";
import { images } from "../../model/versions";
import {
  container,
  defaultDeny,
  logCollectorPods,
  managedBy,
  networkPolicy,
  podTemplate,
  scrapedBy,
  selector,
  systemLabels,
} from "../kubernetes";
import { collectorConfig, files, paths, ports, tokenVariable } from "./collector-config";
import type { Platform } from "./platform";

const name = "log-collector";
const labels = systemLabels("platform", name);
const memoryMebibytes = 256;

/**
 * A collector on every node that sends the logs of the shared systems and of gateways to tenant `system`, through its gateway and with a token that
 * can do nothing else. Its namespace is the one where pods may mount folders of their node (Pod Security `privileged`, as `baseline` forbids that too);
 * the collector itself has no capability, no Kubernetes API, a read-only root, and one folder that it may write.
 */
export function logs(platform: Platform, room: kubernetes.core.v1.Namespace): void {
  const opts = { ...platform.opts, dependsOn: [...platform.opts.dependsOn, room] };
  defaultDeny("platform/default-deny", { namespace: logsNamespace, labels }, opts);
  arrows(opts);
  const [serverName = ""] = hostNames(platform.tenant, platform.zone, "loki").public;
  const config = collectorConfig({
    endpoint: `https://loki-api.${tenantNamespace(platformTenant)}.svc/otlp/v1/logs`,
    serverName,
    privateCa: platform.certificateAuthority !== undefined,
    memoryMebibytes,
  });
  const data = { [files.config]: config };
  const mounted = [
    new kubernetes.core.v1.ConfigMap(`platform/${name}`, { metadata: metadata(name), data }, opts),
    new kubernetes.core.v1.ServiceAccount(`platform/${name}`, { metadata: metadata(name), automountServiceAccountToken: false }, opts),
    token(platform, opts),
    ...authority(platform, opts),
  ];
  daemonSet(platform, textHash(config), { ...opts, dependsOn: [...opts.dependsOn, ...mounted] });
}

const metadata = (objectName: string) => ({ namespace: logsNamespace, name: objectName, labels: { ...labels } });

/** Where the collectors run, and the monitor of them lies. */
export function declareLogsNamespace(opts: pulumi.CustomResourceOptions): kubernetes.core.v1.Namespace {
  const level = { "pod-security.kubernetes.io/enforce": "privileged", "pod-security.kubernetes.io/enforce-version": "latest" };
  return new kubernetes.core.v1.Namespace(
    "platform/logs-namespace",
    { metadata: { name: logsNamespace, labels: { ...managedBy, ...level, [scrapedBy]: platformTenant } } },
    opts,
  );
}

function arrows(opts: pulumi.CustomResourceOptions): void {
  const namespaces = { "kubernetes.io/metadata.name": tenantNamespace(platformTenant) };
  networkPolicy(
    `platform/policy-${name}`,
    {
      namespace: logsNamespace,
      name,
      labels,
      pods: logCollectorPods,
      from: [{ peer: { pods: selector("tenant", "prometheus"), namespaces }, ports: [ports.metrics] }],
      to: [{ peer: { pods: selector("tenant", "gateway"), namespaces }, ports: [8443] }],
    },
    opts,
  );
}

function token({ token: mint }: Platform, opts: pulumi.CustomResourceOptions): kubernetes.core.v1.Secret {
  const data = { token: mint("logs").apply((text) => Buffer.from(text).toString("base64")) };
  return new kubernetes.core.v1.Secret(
    `platform/${name}-token`,
    { metadata: metadata(`${name}-token`), type: "Opaque", data },
    { ...opts, additionalSecretOutputs: ["data"] },
  );
}

function authority({ certificateAuthority }: Platform, opts: pulumi.CustomResourceOptions): pulumi.Resource[] {
  if (certificateAuthority === undefined) return [];
  return [
    new kubernetes.core.v1.ConfigMap(
      "platform/gateway-ca",
      { metadata: metadata("gateway-ca"), data: { [files.ca]: certificateAuthority } },
      opts,
    ),
  ];
}

function daemonSet(platform: Platform, configHash: string, opts: pulumi.CustomResourceOptions): void {
  const withCa = platform.certificateAuthority !== undefined;
  const collector = container({
    name,
    image: images.collector,
    args: [`--config=${paths.config}/${files.config}`],
    env: [
      { name: tokenVariable, valueFrom: { secretKeyRef: { name: `${name}-token`, key: "token" } } },
      // Below what the limiter refuses at, so that memory is given back first.
      { name: "GOMEMLIMIT", value: `${Math.floor(memoryMebibytes * 0.75)}MiB` },
    ],
    ports: { ...ports },
    resources: { requests: { cpu: "50m", memory: `${memoryMebibytes}Mi` }, limits: { cpu: "500m", memory: `${memoryMebibytes}Mi` } },
    ready: { path: "/", port: "health" },
    alive: { path: "/", port: "health" },
    mounts: [
      { name: "config", mountPath: paths.config, readOnly: true },
      { name: "logs", mountPath: paths.logs, readOnly: true },
      { name: "checkpoints", mountPath: paths.checkpoints },
      ...(withCa ? [{ name: "gateway-ca", mountPath: paths.ca, readOnly: true }] : []),
    ],
  });
  const template = podTemplate({
    labels,
    annotations: {
      "tenantstack.dev/config": configHash,
      "tenantstack.dev/signing-key": keyId(platformTenant, platform.tenant.keys[0] ?? ""),
    },
    serviceAccount: name,
    // The kubelet's files belong to root and nobody else may read them; as their owner it needs no capability to.
    uid: 0,
    containers: [collector],
    volumes: [...volumes, ...(withCa ? [{ name: "gateway-ca", configMap: { name: "gateway-ca" } }] : [])],
    priorityClass: platform.priorityClass,
  });
  new kubernetes.apps.v1.DaemonSet(
    `platform/${name}`,
    {
      metadata: metadata(name),
      spec: {
        selector: { matchLabels: { ...logCollectorPods } },
        updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "10%" } },
        template: { ...template, spec: { ...specOf(template), securityContext: asRoot, tolerations: [{ operator: "Exists" }] } },
      },
    },
    opts,
  );
}

const specOf = ({ spec }: types.input.core.v1.PodTemplateSpec) => spec as types.input.core.v1.PodSpec;

/** Root without what makes root mighty: no capability (the container drops all), the runtime's filter of system calls. */
const asRoot: types.input.core.v1.PodSecurityContext = { runAsUser: 0, runAsGroup: 0, seccompProfile: { type: "RuntimeDefault" } };

const volumes: types.input.core.v1.Volume[] = [
  { name: "config", configMap: { name } },
  { name: "logs", hostPath: { path: paths.logs, type: "Directory" } },
  // On the node, so that a new pod goes on where the old one stopped.
  { name: "checkpoints", hostPath: { path: "/var/lib/tenantstack/log-collector", type: "DirectoryOrCreate" } },
];
