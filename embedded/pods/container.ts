import type { V1Container } from "@kubernetes/client-node";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import type { ProcessSpec } from "../supervise/supervisor";
import { environment, expand } from "./env";
import { podLog, type PodsLayout } from "./layout";
import { MountedFolder } from "./mount";
import type { Names } from "./names";
import type { PlannedContainer, PlannedPod } from "./plan";
import { readiness } from "./probe";
import type { Program } from "./programs";
import { rewriteArgs, rewriteText, type Surroundings } from "./rewrite";
import { localVolumes, type LocalVolume } from "./volumes";
import type { World } from "./world";

/** What a container needs to become a process. */
export interface ContainerContext {
  readonly layout: PodsLayout;
  readonly world: World;
  readonly names: Names;
  readonly addressOf: (pod: string) => string;
  /** Path of the executable. */
  readonly programs: Readonly<Record<Program["tool"], string>>;
}

/** A container, ready to be run. */
export interface LocalContainer {
  readonly name: string;
  readonly spec: ProcessSpec;
  /** TCP ports that it will listen on at its pod's address. */
  readonly address: string;
  readonly ports: readonly number[];
  /** Brings mounted ConfigMaps and Secrets up to date; programs that watch them reload. Says whether something changed. */
  readonly sync: () => boolean;
}

/** Seconds that a process may take until it is ready. Production gives a store up to an hour to replay its log; here the logs are small. */
const patienceSeconds = 180;
/** Seconds that one may take to end. A pod's own grace is for data that is not on a disk yet (stores: up to 20 minutes); here all is on this disk. */
export const graceSeconds = 15;

/** One container of a pod as a process: its program, arguments, environment, folders and probe. */
export function localContainer(pod: PlannedPod, planned: PlannedContainer, context: ContainerContext): LocalContainer {
  const { layout, world } = context;
  const { container, program } = planned;
  const address = context.addressOf(pod.key);
  const root = path.join(layout.run, planned.name);
  const mounts = (container.volumeMounts ?? []).map((mount) => mount.mountPath);
  const at: Surroundings = { address, namespace: pod.namespace, names: context.names, mounts };
  const rewrite = (text: string) => rewriteText(text, at);
  const env = environment(container, { world, pod, address, rewrite });
  const written = [...(container.command ?? []).slice(1), ...(container.args ?? [])].map((arg) => expand(arg, env));
  const args = rewriteArgs(written, at);
  const contents = localVolumes({ world, pod, rewrite: (text) => program.text?.(rewrite(text), address) ?? rewrite(text) });
  const extra = program.extra({ address, args, text: textOf(container, contents) });
  const command = { program: context.programs[program.tool], args: [...args, ...extra], env };
  const volumes = mounted(planned, pod, contents, context, root);
  const healthy = readiness(container, address);
  return {
    name: planned.name,
    spec: {
      name: planned.name,
      ...command,
      cwd: root,
      log: podLog(layout, planned.name),
      fingerprint: fingerprintOf([command, container, pod.template.metadata?.annotations ?? {}, pod.template.spec?.volumes ?? []]),
      ...(healthy && { healthy }),
      patience: patienceSeconds,
      grace: graceOf(pod),
      prepare: () => volumes.forEach((volume) => volume.empty?.()),
    },
    address,
    ports: (container.ports ?? []).flatMap((port) => (port.protocol === "UDP" ? [] : [port.containerPort])),
    sync: () => {
      fs.mkdirSync(root, { recursive: true, mode: 0o700 });
      return volumes.map((volume) => volume.sync()).includes(true);
    },
  };
}

/** All texts that are mounted into a container. */
function textOf(container: V1Container, volumes: Readonly<Record<string, LocalVolume>>): string {
  const files = (container.volumeMounts ?? []).flatMap(({ name }) => {
    const volume = volumes[name];
    return volume?.kind === "files" ? Object.values(volume.files) : [];
  });
  return files.filter((file) => typeof file === "string").join("\n");
}

function graceOf(pod: PlannedPod): number {
  return Math.min(pod.template.spec?.terminationGracePeriodSeconds ?? 30, graceSeconds);
}

/** What makes another pod of it: the template, not the content of ConfigMaps, which reaches running pods. */
function fingerprintOf(of: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(of)).digest("hex");
}

interface Mounted {
  readonly sync: () => boolean;
  readonly empty?: () => void;
}

/** The folders of a container, each at its mount path below the root. */
function mounted(
  planned: PlannedContainer,
  pod: PlannedPod,
  volumes: Readonly<Record<string, LocalVolume>>,
  { layout }: ContainerContext,
  root: string,
): Mounted[] {
  return (planned.container.volumeMounts ?? []).map(({ name, mountPath, subPath }) => {
    const volume = volumes[name];
    if (volume === undefined)
      throw new Error(`${pod.key}, container ${planned.container.name}: mounts ${name}, a volume that the pod does not have.`);
    const place = path.join(root, mountPath);
    if (volume.kind === "files") {
      if (subPath !== undefined)
        throw new Error(`${pod.key}, volume ${name}: a file mounted by subPath never changes again; mount its folder.`);
      return { sync: () => new MountedFolder(place).publish(volume.files) === "changed" };
    }
    if (volume.kind === "scratch") {
      const scratch = path.join(layout.scratch, pod.key, name);
      const sync = () => (linked(place, scratch), false);
      // Several containers of a pod share it, and one that starts again must not take it from the others.
      if (pod.containers.length > 1) return { sync };
      return {
        sync,
        empty: () => {
          fs.rmSync(scratch, { recursive: true, force: true });
          sync();
        },
      };
    }
    const data = path.join(layout.data, pod.namespace, volume.claim, subPath ?? "");
    return { sync: () => (linked(place, data), false) };
  });
}

/** Puts a link to a folder of data in place. */
function linked(place: string, data: string): void {
  fs.mkdirSync(data, { recursive: true, mode: 0o700 });
  fs.mkdirSync(path.dirname(place), { recursive: true, mode: 0o700 });
  const target = path.relative(path.dirname(place), data);
  try {
    if (fs.readlinkSync(place) === target) return;
  } catch {
    // Not there yet, or no link.
  }
  fs.rmSync(place, { recursive: true, force: true });
  fs.symlinkSync(target, place);
}
