import fs from "node:fs";
import path from "node:path";
import { images } from "../../model/versions";
import { recordLoki } from "../unit/loki-kit";
import type { LokiArgs } from "../unit/loki-kit";
import type { Recorded } from "../../planning/record";
import { Machine } from "./pod-processes";
import type { Placed } from "./pod-processes";
import { ask, Program, ready } from "./program";
import type { Answer } from "./program";

const main = { main: { map: "loki-config", at: "etc/loki" } };

/** Waits that only make a test long: none changes what a part does, only when. An alert that comes before its notifier does is only sent again. */
const sooner = [
  "-ingester.min-ready-duration=0s",
  "-frontend.scheduler-dns-lookup-period=1s",
  "-runtime-config.reload-period=1s",
  "-ruler.poll-interval=2s",
  "-ruler.evaluation-interval=2s",
  "-ruler.resend-delay=2s",
  "-querier.max-retries-per-request=1",
];

/** Loki in one of its sizes, running on this machine from what the program declares. */
export class LokiScene {
  public readonly running = new Map<string, Program>();
  /** Environment of a process besides the declared one. */
  public extra: (placed: Placed) => Readonly<Record<string, string>> = () => ({});

  private constructor(
    public readonly resources: readonly Recorded[],
    public readonly machine: Machine,
    private readonly program: string,
  ) {}

  public static async of(args: LokiArgs, program: string): Promise<LokiScene> {
    const resources = await recordLoki(args);
    return new LokiScene(resources, new Machine(resources, images.loki, ["index-gateway"]), program);
  }

  /** Files that hold limits, by the ConfigMap of each. */
  private get files(): Readonly<Record<string, { readonly map: string; readonly at: string }>> {
    const maps = this.resources.map((one) => (one.inputs.metadata as { name?: string } | undefined)?.name ?? "");
    const limits = [...new Set(maps.filter((name) => name.startsWith("loki-limits")))];
    return { ...main, ...Object.fromEntries(limits.map((map) => [map, { map, at: "etc/loki-limits" }])) };
  }

  /** What a pod's process is started with. */
  public command(placed: Placed): { args: string[]; env: Record<string, string> } {
    this.machine.layOut(placed, this.files);
    // The flag for this would be taken twice, since Loki reads flags twice.
    const file = path.join(placed.root, "etc/loki/loki.yaml");
    fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace(/^memberlist:$/m, `memberlist:\n  bind_addr: [${placed.address}]`));
    return { args: this.machine.argsOf(placed), env: this.machine.envOf(placed) };
  }

  /** Starts parts; what they would listen on everywhere, they listen on at their pod's address. */
  public start(...names: readonly string[]): void {
    for (const name of names) {
      const placed = this.machine.get(name);
      const { args, env } = this.command(placed);
      const listen = [`-server.http-listen-address=${placed.address}`, `-server.grpc-listen-address=${placed.address}`];
      const all = { file: this.program, args: [...args, ...listen, ...sooner], env: { ...env, ...this.extra(placed) }, cwd: placed.root };
      this.running.set(name, new Program(name, all, placed.root).start());
    }
  }

  public process(name: string): Program {
    const one = this.running.get(name);
    if (one === undefined) throw new Error(`${name} was not started`);
    return one;
  }

  /** Ends parts, as the kernel does unless told otherwise. */
  public async end(signal: "SIGTERM" | "SIGKILL" = "SIGKILL", ...names: readonly string[]): Promise<void> {
    await Promise.all(names.map((name) => this.process(name).end(signal, 20_000)));
  }

  public url(name: string, target: string, port = 3100): string {
    return `http://${this.machine.get(name).address}:${port}${target}`;
  }

  /** Waits for `/ready` of started parts. */
  public async ready(names: readonly string[], limit = 60_000, port = 3100): Promise<void> {
    await Promise.all(names.map((name) => ready(this.url(name, "/ready", port), this.process(name), limit)));
  }

  public as(tenant: string, name: string, target: string, init: RequestInit = {}, port = 3100): Promise<Answer> {
    return ask(this.url(name, target, port), { ...init, headers: { ...init.headers, "X-Scope-OrgID": tenant } });
  }

  public async close(): Promise<void> {
    await this.end("SIGKILL", ...this.running.keys());
    this.machine.remove();
  }
}
