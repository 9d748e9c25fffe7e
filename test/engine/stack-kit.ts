import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { bringUp, type Up } from "../../cli/local";
import { root } from "../../cli/paths";
import { outputs, pulumi, type Overrides } from "../../cli/stack";
import { stopCluster } from "../../embedded/cluster";
import { silentReporter, type Reporter } from "../../embedded/console";
import { podTools, startPods, startStorage, stopPods, type Pods, type PodsOptions } from "../../embedded/pods";
import { ensureTools } from "../../embedded/toolchain";

/** A step that the engine took or would take on one resource. */
export interface Step {
  readonly op: string;
  readonly urn: string;
  /** Last part of the URN, e.g. `prod/gateway`. */
  readonly name: string;
  readonly type: string;
  /** Property paths that changed. */
  readonly diffs: readonly string[];
}

/** One `pulumi up` or `preview`. */
export interface Run {
  readonly code: number;
  /** All but `same`. */
  readonly changes: readonly Step[];
  readonly same: number;
  readonly text: string;
}

interface LabStart {
  readonly pods?: boolean;
  readonly overrides?: Overrides;
  /** After which the start is given up. */
  readonly seconds?: number;
}

/** A stack of its own on a cluster of its own, in a temporary folder, with a copy of the project's tenants that tests may edit. */
export class Lab {
  public readonly dir = fs.mkdtempSync(path.join(os.tmpdir(), "tenantstack-lab-"));
  public readonly tenants = path.join(this.dir, "tenants");
  /** The state folder, `.embedded` of a checkout. */
  public readonly state = path.join(this.dir, "state");
  /** What starts said in lines that stay. */
  public readonly notes: string[] = [];
  private readonly report: Reporter = { ...silentReporter, note: (text) => void this.notes.push(text) };
  protected overrides: Overrides = {};
  private started: Up | undefined;

  public constructor() {
    fs.cpSync(path.join(root, "tenants"), this.tenants, { recursive: true });
  }

  /** `pulumi up`, as `npm start` does it; with `pods` also gateways and stores as processes. Settings given once hold for later starts. */
  public async start({ pods = false, overrides = {}, seconds = 240 }: LabStart = {}): Promise<Up> {
    this.overrides = { ...this.overrides, ...overrides };
    this.started = await bringUp({
      report: this.report,
      signal: AbortSignal.timeout(seconds * 1000),
      onOutput: (text) => fs.appendFileSync(path.join(this.dir, "up.log"), text),
      objectsOnly: !pods,
      dir: this.state,
      overrides: { tenants: this.tenants, ...this.overrides },
    });
    if (this.started.code !== 0)
      throw new Error(`pulumi up failed:\n${fs.readFileSync(path.join(this.dir, "up.log"), "utf8").slice(-6000)}`);
    return this.started;
  }

  public get up(): Up {
    if (this.started === undefined) throw new Error("the lab has not started");
    return this.started;
  }

  /** Makes the processes what the objects ask for, as a start does after `up`. */
  public async syncPods(): Promise<Pods> {
    const tools = await ensureTools(podTools, { report: silentReporter });
    const paths = Object.fromEntries([...tools].map(([name, tool]) => [name, tool.path])) as PodsOptions["tools"];
    const options = { dir: this.state, tools: paths, report: this.report };
    await startStorage(options);
    return startPods({ ...options, server: this.up.embedded?.server ?? "" });
  }

  public async stop(): Promise<void> {
    await stopPods(this.state, silentReporter);
    await stopCluster(this.state, silentReporter);
    fs.rmSync(this.dir, { recursive: true, force: true });
  }

  /** `pulumi up --yes --skip-preview` or `pulumi preview`, read from the engine's own events. */
  public async run(command: "up" | "preview", ...extra: string[]): Promise<Run> {
    const flags = command === "up" ? ["--yes", "--skip-preview"] : [];
    const done = await pulumi(this.up.stack, [command, "--json", ...flags, ...extra], { timeoutSeconds: 180 });
    return command === "up" ? fromEvents(done.code, done.stdout, done.stderr) : fromPreview(done.code, done.stdout, done.stderr);
  }

  public async outputs(secrets = false): Promise<Record<string, unknown>> {
    return outputs(this.up.stack, secrets);
  }

  public file(tenant: string): string {
    return path.join(this.tenants, `${tenant}.yaml`);
  }

  /** Rewrites a tenant's file; fails when the text to replace is not there, so that no test passes for a change it did not make. */
  public edit(tenant: string, from: string | RegExp, to: string): void {
    const before = fs.readFileSync(this.file(tenant), "utf8");
    const after = before.replace(from, to);
    if (after === before) throw new Error(`${String(from)} is not in ${tenant}.yaml:\n${before}`);
    fs.writeFileSync(this.file(tenant), after);
  }

  /** All objects that this program manages or that came of them, as JSON of the API server, by `namespace/Kind/name`. */
  public async objects(kinds: readonly string[] = allKinds): Promise<Map<string, KubernetesObject>> {
    const listed = await this.kubectl(["get", kinds.join(","), "--all-namespaces", "-o", "json"]);
    const { items } = JSON.parse(listed) as { items: KubernetesObject[] };
    return new Map(items.map((o) => [`${o.metadata.namespace ?? ""}/${o.kind}/${o.metadata.name}`, o]));
  }

  public async kubectl(args: readonly string[]): Promise<string> {
    const { execFile } = await import("node:child_process");
    return new Promise((resolve, reject) => {
      execFile(
        this.up.kubectl,
        ["--kubeconfig", this.up.kubeconfig, ...args],
        { timeout: 90_000, maxBuffer: 256 << 20 },
        (error, stdout, stderr) => (error ? reject(new Error(`${error.message}\n${stderr}`)) : resolve(stdout)),
      );
    });
  }
}

export interface KubernetesObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly resourceVersion: string; readonly uid: string };
  readonly [field: string]: unknown;
}

const allKinds = [
  "namespaces", "configmaps", "secrets", "services", "serviceaccounts", "deployments", "statefulsets", "pods", "persistentvolumeclaims",
  "networkpolicies", "poddisruptionbudgets", "horizontalpodautoscalers", "resourcequotas", "limitranges", "roles", "rolebindings",
  "prometheuses.monitoring.coreos.com", "podmonitors.monitoring.coreos.com",
]; // prettier-ignore

interface Event {
  readonly summaryEvent?: { readonly resourceChanges: Readonly<Record<string, number>> };
  readonly resourcePreEvent?: { readonly metadata: StepMetadata };
  readonly diagnosticEvent?: { readonly message: string };
}

interface StepMetadata {
  readonly op: string;
  readonly urn: string;
  readonly detailedDiff?: Readonly<Record<string, unknown>> | null;
  readonly diffs?: readonly string[] | null;
}

const step = (m: StepMetadata): Step => ({
  op: m.op,
  urn: m.urn,
  name: m.urn.split("::").at(-1) ?? "",
  type: m.urn.split("::").at(-2)?.split("$").at(-1) ?? "",
  diffs: Object.keys(m.detailedDiff ?? {}).sort(),
});

/** Steps that change nothing in the world: reading a StackReference, and `same`. */
const still = new Set(["same", "read", "refresh"]);

function fromEvents(code: number, stdout: string, stderr: string): Run {
  const events = stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Event);
  const steps = events.flatMap((e) => (e.resourcePreEvent ? [step(e.resourcePreEvent.metadata)] : []));
  const said = events.flatMap((e) => (e.diagnosticEvent ? [e.diagnosticEvent.message] : [])).join("\n");
  return {
    code,
    changes: steps.filter((s) => !still.has(s.op)),
    same: steps.filter((s) => s.op === "same").length,
    text: `${said}\n${stderr}`,
  };
}

function fromPreview(code: number, stdout: string, stderr: string): Run {
  const at = stdout.indexOf("{");
  const read = at < 0 ? {} : (JSON.parse(stdout.slice(at)) as { steps?: StepMetadata[]; diagnostics?: { message: string }[] });
  const steps = (read.steps ?? []).map(step);
  return {
    code,
    changes: steps.filter((s) => !still.has(s.op)),
    same: steps.filter((s) => s.op === "same").length,
    text: `${(read.diagnostics ?? []).map((d) => d.message).join("\n")}\n${stdout}\n${stderr}`,
  };
}
