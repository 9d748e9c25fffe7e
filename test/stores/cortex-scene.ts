import { silentReporter } from "../../embedded/console";
import { ensureTools } from "../../embedded/toolchain";
import type { ToolName } from "../../embedded/toolchain";
import { images } from "../../model/versions";
import { recordCortex } from "../unit/cortex-kit";
import type { CortexArgs } from "../unit/cortex-kit";
import { connected } from "./connections";
import { Machine, type Placed } from "./pod-processes";
import { ask, Program, ready, type Answer } from "./program";

/** Paths of tools. */
export async function toolPaths<T extends ToolName>(...names: readonly T[]): Promise<Record<T, string>> {
  const found = await ensureTools(names, { report: silentReporter });
  return Object.fromEntries([...found.values()].map((tool) => [tool.name, tool.path])) as Record<T, string>;
}

const files = { main: { map: "cortex-config", at: "etc/cortex" }, limits: { map: "cortex-limits", at: "etc/cortex-limits" } };

/** Waits that only a cluster of many needs, or that only make a test long: none changes what a part does, only when. */
const sooner = [
  "-store-gateway.sharding-ring.wait-stability-min-duration=1s",
  "-compactor.ring.wait-stability-min-duration=1s",
  "-ingester.min-ready-duration=0s",
  "-ingester.join-after=2s",
  "-ingester.observe-period=2s",
  "-ruler.poll-interval=2s",
  "-ruler.resend-delay=2s",
  "-alertmanager.configs.poll-interval=2s",
  "-blocks-storage.bucket-store.sync-interval=2s",
  "-compactor.cleanup-interval=2s",
];

/** Cortex in one of its sizes, running on this machine from what the program declares. */
export class CortexScene {
  public readonly running = new Map<string, Program>();
  private constructor(
    public readonly machine: Machine,
    private readonly program: string,
  ) {}

  public static async of(args: CortexArgs, program: string): Promise<CortexScene> {
    return new CortexScene(new Machine(await recordCortex(args), images.cortex), program);
  }

  /** What a pod's process is started with. */
  public command(placed: Placed): { args: string[]; env: Record<string, string> } {
    this.machine.layOut(placed, files);
    return { args: this.machine.argsOf(placed), env: this.machine.envOf(placed) };
  }

  /** Starts a container, after `before` has changed its files; what it would listen on everywhere, it listens on at its pod's address. */
  public start(placed: Placed, more: readonly string[] = [], before: () => void = () => undefined): Program {
    const { address, name, root } = placed;
    const { args, env } = this.command(placed);
    before();
    const listen = ["server.http-listen-address", "server.grpc-listen-address", "memberlist.bind-addr"].map(
      (flag) => `-${flag}=${address}`,
    );
    const command = { file: this.program, args: [...args, ...listen, ...sooner, ...more], env, cwd: root };
    const one = new Program(name, command, root).start();
    this.running.set(name, one);
    return one;
  }

  /** Who is connected to whom now: `querier -> ingester:9095`. */
  public connected(): string[] {
    const part = (name: string) => name.replace(/-zone-[abc]$/, "");
    const processes = new Map([...this.running].map(([name, one]) => [name, one.pid]));
    const names = new Map(this.machine.placed.map((one) => [one.address, part(one.name)]));
    return connected(processes, names).map((way) => way.replace(/-zone-[abc] ->/, " ->"));
  }

  public url(name: string, path: string, port = 8080): string {
    return `http://${this.machine.get(name).address}:${port}${path}`;
  }

  /** Waits for `/ready` of a started part. */
  public async ready(name: string, limit = 60_000, port = 8080): Promise<number> {
    const one = this.running.get(name);
    if (one === undefined) throw new Error(`${name} was not started`);
    return ready(this.url(name, "/ready", port), one, limit);
  }

  public as(tenant: string, name: string, path: string, init: RequestInit = {}): Promise<Answer> {
    return ask(this.url(name, path), { ...init, headers: { ...init.headers, "X-Scope-OrgID": tenant } });
  }

  public async end(): Promise<void> {
    await Promise.all([...this.running.values()].map((one) => one.end()));
    this.machine.remove();
  }
}
