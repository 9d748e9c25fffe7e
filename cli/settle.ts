import { setTimeout as sleep } from "node:timers/promises";
import type { PulumiResult } from "../embedded/engine";
import type { ApiClient } from "../embedded/providers/kubernetes/client";
import { Discovery } from "../embedded/providers/kubernetes/discovery";
import { UserError } from "./errors";
import { decide, objectOf, pendingOf, settled, toRefresh, type Deployment, type ObjectRef, type Step } from "./pending";

/** Runs `pulumi` with these arguments on the stack in question. */
export type Engine = (args: readonly string[], input?: string) => Promise<PulumiResult>;

/** What the state says of a run that was cut off, and what is to be done about it. */
export interface Repair {
  readonly exported: Deployment;
  readonly steps: readonly Step[];
}

/** Looks, and changes nothing. Without a cluster to ask, operations on its objects stay unknown. */
export async function look(engine: Engine, client: ApiClient | undefined): Promise<Repair> {
  const exported = JSON.parse((await succeeds(engine, ["stack", "export"])).stdout) as Deployment;
  const cluster = client && new Objects(client);
  const steps: Step[] = [];
  for (const operation of pendingOf(exported)) {
    const what = await decide(operation, async (object) => cluster && (await cluster.find(object)) !== undefined);
    steps.push({ operation, what });
  }
  return { exported, steps };
}

/**
 * Makes the state say what is there: objects that a cut-off run made are taken in, creates that made nothing are forgotten, and what was being updated or
 * deleted is read again, which also shows a change that was taken back meanwhile. `everything`: reads all resources again.
 */
export async function repair(
  engine: Engine,
  { exported, steps }: Repair,
  client: ApiClient | undefined,
  everything = false,
): Promise<void> {
  if (client) await awaitDeletions(new Objects(client), steps);
  if (steps.some(({ what }) => what === "adopt" || what === "drop"))
    await succeeds(engine, ["stack", "import"], JSON.stringify(settled(exported, steps)));
  const urns = toRefresh(steps);
  if (urns.length === 0 && !everything) return;
  const targets = everything ? [] : urns.flatMap((urn) => ["--target", urn]);
  await succeeds(engine, ["refresh", "--yes", "--skip-preview", "--suppress-outputs", ...targets]);
}

/** What the engine refused to do. */
export class EngineError extends UserError {
  public constructor(
    args: readonly string[],
    public readonly text: string,
  ) {
    super(`pulumi ${args.slice(0, 2).join(" ")} failed:\n${text.trim()}`);
  }
}

async function succeeds(engine: Engine, args: readonly string[], input?: string): Promise<PulumiResult> {
  const done = await engine(args, input);
  if (done.code !== 0) throw new EngineError(args, `${done.stdout.startsWith("{") ? "" : done.stdout}\n${done.stderr}`);
  return done;
}

/** A namespace goes some seconds after it was told to: read meanwhile, it would look as if it stayed. */
async function awaitDeletions(cluster: Objects, steps: readonly Step[]): Promise<void> {
  for (const { operation } of steps) {
    const object = operation.type === "deleting" ? objectOf(operation) : undefined;
    for (const until = Date.now() + 120_000; object !== undefined && Date.now() < until; await sleep(250)) {
      const found = (await cluster.find(object)) as { metadata?: { deletionTimestamp?: string } } | undefined;
      if (found?.metadata?.deletionTimestamp === undefined) break;
    }
  }
}

/** Objects of one cluster by kind and name. */
class Objects {
  private readonly discovery: Discovery;

  public constructor(private readonly client: ApiClient) {
    this.discovery = new Discovery(client);
  }

  public async find(object: ObjectRef): Promise<unknown> {
    const resource = await this.discovery.find(object.apiVersion, object.kind);
    return resource && this.client.get(this.discovery.path(resource, object));
  }
}
