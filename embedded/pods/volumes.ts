import type { V1ConfigMap, V1KeyToPath, V1Secret, V1Volume } from "@kubernetes/client-node";
import type { Files } from "./mount";
import type { PlannedPod } from "./plan";
import type { World } from "./world";

/** What a volume is on this machine. */
export type LocalVolume =
  /** Content of ConfigMaps and Secrets, kept up to date. */
  | { readonly kind: "files"; readonly files: Files }
  /** Lives with its pod. */
  | { readonly kind: "scratch" }
  /** A folder that outlives processes and pods, by name of the claim. */
  | { readonly kind: "claim"; readonly claim: string };

export interface VolumeSources {
  readonly world: Pick<World, "configMaps" | "secrets">;
  readonly pod: Pick<PlannedPod, "namespace" | "key" | "template" | "claims">;
  /** Applied to texts of ConfigMaps; Secrets are published as they are. */
  readonly rewrite: (text: string) => string;
}

/**
 * The volumes of a pod by name.
 * @throws Error naming the pod, the volume and what is missing, or a kind of volume that this machine cannot give.
 */
export function localVolumes(of: VolumeSources): Record<string, LocalVolume> {
  const declared = (of.pod.template.spec?.volumes ?? []).map((volume) => [volume.name, local(volume, of)] as const);
  const claimed = Object.entries(of.pod.claims).map(([name, claim]) => [name, { kind: "claim", claim } as const] as const);
  return Object.fromEntries([...declared, ...claimed]);
}

function local(volume: V1Volume, of: VolumeSources): LocalVolume {
  const { configMap, secret, projected, persistentVolumeClaim, emptyDir, ephemeral } = volume;
  if (configMap) return { kind: "files", files: configFiles(volume.name, configMap, of) };
  if (secret) return { kind: "files", files: secretFiles(volume.name, { ...secret, name: secret.secretName }, of) };
  if (persistentVolumeClaim) return { kind: "claim", claim: persistentVolumeClaim.claimName };
  if (projected) {
    const parts = (projected.sources ?? []).map((source) => {
      if (source.configMap) return configFiles(volume.name, source.configMap, of);
      if (source.secret) return secretFiles(volume.name, source.secret, of);
      throw unknown(volume.name, of, Object.keys(source)[0]);
    });
    return { kind: "files", files: parts.reduce<Files>((all, part) => ({ ...all, ...part }), {}) };
  }
  // A generic ephemeral volume lives as long as its pod, as an emptyDir does; its size and class mean nothing here.
  if (emptyDir ?? ephemeral) return { kind: "scratch" };
  throw unknown(
    volume.name,
    of,
    Object.keys(volume).find((key) => key !== "name"),
  );
}

interface Reference {
  readonly name?: string | undefined;
  readonly items?: V1KeyToPath[] | undefined;
  readonly optional?: boolean | undefined;
}

function configFiles(volume: string, wanted: Reference, of: VolumeSources): Files {
  const object: V1ConfigMap | undefined = of.world.configMaps.get(`${of.pod.namespace}/${wanted.name}`);
  if (object === undefined) return absent(volume, `ConfigMap ${wanted.name}`, wanted, of);
  const texts = Object.entries(object.data ?? {}).map(([key, text]) => [key, of.rewrite(text)] as const);
  const binary = Object.entries(object.binaryData ?? {}).map(([key, data]) => [key, Buffer.from(data, "base64")] as const);
  const files: Files = Object.fromEntries<string | Buffer>([...texts, ...binary]);
  return chosen(volume, files, `ConfigMap ${wanted.name}`, wanted, of);
}

function secretFiles(volume: string, wanted: Reference, of: VolumeSources): Files {
  const object: V1Secret | undefined = of.world.secrets.get(`${of.pod.namespace}/${wanted.name}`);
  if (object === undefined) return absent(volume, `Secret ${wanted.name}`, wanted, of);
  const data = Object.entries(object.data ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64")] as const);
  return chosen(volume, Object.fromEntries(data), `Secret ${wanted.name}`, wanted, of);
}

/** All keys, or those of `items` at their paths. */
function chosen(volume: string, files: Files, object: string, { items, optional }: Reference, of: VolumeSources): Files {
  if (items === undefined) return files;
  return Object.fromEntries(
    items.flatMap(({ key, path }) => {
      const content = files[key];
      if (content === undefined && optional !== true) throw absence(volume, `key ${key} in ${object}`, of);
      return content === undefined ? [] : [[path, content] as const];
    }),
  );
}

function absent(volume: string, what: string, { optional }: Reference, of: VolumeSources): Files {
  if (optional === true) return {};
  throw absence(volume, what, of);
}

function absence(volume: string, what: string, of: VolumeSources): Error {
  return new Error(
    `${of.pod.key}, volume ${volume}: there is no ${what} in namespace ${of.pod.namespace}; the pod could not start in a cluster either.`,
  );
}

function unknown(volume: string, of: VolumeSources, kind: string | undefined): Error {
  return new Error(`${of.pod.key}, volume ${volume}: this machine cannot give a volume of kind ${kind ?? "unknown"}.`);
}
