import fs from "node:fs";
import path from "node:path";
import { type PulumiResult, runPulumi } from "../../embedded/engine";
import { installStandIns } from "../../embedded/providers/install";
import { startTestCluster, type TestCluster } from "./providers-kit";

const root = path.join(__dirname, "../..");

/** What one run of the engine did. */
export interface Run {
  readonly code: number;
  readonly text: string;
  /** Operations by resource name, `same` left out. */
  readonly steps: Record<string, string[]>;
}

interface EngineEvent {
  readonly resourcePreEvent?: { readonly metadata: { readonly op: string; readonly urn: string } };
  readonly diagnosticEvent?: { readonly message: string; readonly severity: string };
}

function eventsOf(result: PulumiResult): EngineEvent[] {
  const lines = result.stdout.split("\n").filter((line) => line.startsWith("{"));
  return lines.flatMap((line) => {
    try {
      return [JSON.parse(line) as EngineEvent];
    } catch {
      return [];
    }
  });
}

function read(result: PulumiResult): Run {
  const steps: Record<string, string[]> = {};
  const events = eventsOf(result);
  for (const { metadata } of events.flatMap((event) => event.resourcePreEvent ?? [])) {
    const name = metadata.urn.split("::").at(-1) ?? "";
    if (!["same", "read"].includes(metadata.op) && !metadata.urn.includes("pulumi:pulumi:Stack")) (steps[name] ??= []).push(metadata.op);
  }
  // The Node SDK's debug lines hold every resource in clear text, and `--json` prints them: no fault of a provider.
  const shown = result.stdout.split("\n").filter((line) => !line.includes(`"severity":"debug"`));
  const said = events.flatMap(({ diagnosticEvent }) =>
    diagnosticEvent && diagnosticEvent.severity !== "debug" ? [diagnosticEvent.message] : [],
  );
  return { code: result.code, text: [...said, ...shown, result.stderr].join("\n"), steps };
}

/** The real engine with the stand-in providers on a cluster of its own: small programs, run one after the other on one stack. */
export class EngineLab {
  private constructor(
    public readonly cluster: TestCluster,
    private readonly program: string,
    /** What every program begins with. */
    private readonly head: string,
  ) {}

  public static async start(head = ""): Promise<EngineLab> {
    const cluster = await startTestCluster();
    const program = path.join(cluster.dir, "program");
    fs.mkdirSync(program);
    fs.mkdirSync(path.join(cluster.dir, "state"));
    fs.symlinkSync(path.join(root, "node_modules"), path.join(program, "node_modules"));
    fs.writeFileSync(path.join(program, "Pulumi.yaml"), "name: providers\nruntime: nodejs\nmain: index.js\n");
    fs.writeFileSync(path.join(program, "package.json"), `{"name": "providers", "main": "index.js"}`);
    fs.writeFileSync(path.join(program, "kubeconfig"), cluster.kubeconfig);
    installStandIns(path.join(cluster.dir, "home"));
    const lab = new EngineLab(cluster, program, `${common}${head}`);
    const made = await lab.engine("stack", "init", "dev");
    if (made.code !== 0) throw new Error(made.stderr);
    return lab;
  }

  public async stop(): Promise<void> {
    await this.cluster.stop();
  }

  /** A command of the engine, as it is. */
  public async engine(...args: string[]): Promise<PulumiResult> {
    const { dir, pulumiFolder } = this.cluster;
    const places = { home: path.join(dir, "home"), backend: path.join(dir, "state"), passphrase: "test", pulumiFolder };
    return runPulumi([...args, "--non-interactive"], { ...places, cwd: this.program, timeoutSeconds: 120 });
  }

  /** Runs the program of the last `body`. */
  public async run(command: "up" | "refresh" | "destroy", body?: string): Promise<Run> {
    if (body !== undefined) this.write(body);
    return read(await this.engine(command, "--yes", "--skip-preview", "--json", "--stack", "dev"));
  }

  public write(body: string): void {
    fs.writeFileSync(path.join(this.program, "index.js"), this.head + body);
  }

  public state(): string {
    return fs.readFileSync(path.join(this.cluster.dir, "state/.pulumi/stacks/providers/dev.json"), "utf8");
  }
}

const common = `
    const { readFileSync } = require("node:fs");
    const pulumi = require("@pulumi/pulumi");
    const k8s = require("@pulumi/kubernetes");
    const tls = require("@pulumi/tls");
    const provider = new k8s.Provider("cluster", { kubeconfig: readFileSync("kubeconfig", "utf8"), clusterIdentifier: "test", enableConfigMapMutable: true });
    const on = (more) => ({ provider, ...more });
    const map = (name, data, options, metadata) => new k8s.core.v1.ConfigMap(name, { metadata: { name, ...metadata }, data }, on(options));`;
