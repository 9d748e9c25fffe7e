import { images } from "../../model/versions";
import type { ToolName } from "../toolchain";

/** A program of this machine that stands for a container image. */
export interface Program {
  readonly tool: Extract<ToolName, "cortex" | "loki" | "thanos" | "envoy">;
  /**
   * Arguments that follow those of the container. They move to the pod's address what no text of ours names and would otherwise listen on, or
   * advertise the address of, every interface; and they leave out waits that only a cluster needs.
   */
  readonly extra: (of: Container) => readonly string[];
  /** Moves what a configuration text leaves out and no flag can move. */
  readonly text?: (text: string, address: string) => string;
}

/** What a program's arguments depend on. */
export interface Container {
  /** The pod's address. */
  readonly address: string;
  /** The container's own arguments. */
  readonly args: readonly string[];
  /** All its mounted configuration texts. */
  readonly text: string;
}

/** Rings of Cortex and Loki in which a process says where it is found; by default the first address of `eth0`. */
const rings = {
  cortex: [
    "compactor.ring.instance-addr",
    "distributor.ring.instance-addr",
    "frontend.instance-addr",
    "ingester.lifecycler.addr",
    "memberlist.advertise-addr",
    "ruler.ring.instance-addr",
    "alertmanager.sharding-ring.instance-addr",
    "store-gateway.sharding-ring.instance-addr",
  ],
  loki: [
    "compactor.ring.instance-addr",
    "distributor.ring.instance-addr",
    "frontend.instance-addr",
    "index-gateway.ring.instance-addr",
    "ingester.lifecycler.addr",
    "memberlist.advertise-addr",
    "query-scheduler.ring.instance-addr",
    "ruler.ring.instance-addr",
  ],
} as const;

const listening = ["server.http-listen-address", "server.grpc-listen-address"];

/** Flags of a ring member. Those behind the container's own win, and over its file too: Go takes the last. */
const ringMember = (names: readonly string[], { address }: Container) => [...listening, ...names].map((name) => `-${name}=${address}`);

/**
 * Gossip listens on all addresses unless the file names some. Not by flag: an address said there is added to a list, and Loki, which reads its
 * flags twice, then listens twice and fails.
 */
function gossipAt(text: string, address: string): string {
  if (/\bbind_addr:/.test(text)) return text;
  return text.replace(/^memberlist:\n/m, `memberlist:\n  bind_addr: [${address}]\n`);
}

/** Each is there for rollouts and scrapes of a cluster. */
const cortexWaits = [
  "-compactor.ring.wait-stability-min-duration=0s",
  "-ingester.final-sleep=0s",
  "-ingester.min-ready-duration=0s",
  "-store-gateway.sharding-ring.wait-stability-min-duration=0s",
];

/** The front end looks for schedulers every 10 s, and at the first look of a process that is all of Loki there is none yet. */
const lokiWaits = ["-frontend.scheduler-dns-lookup-period=1s", "-ingester.min-ready-duration=0s"];

/** Where Cortex in one process finds itself; it fills in 127.0.0.1, whatever it listens on (pkg/cortex/modules.go of v1.21.1). */
function cortexAlone({ address, args, text }: Container): string[] {
  const target = args.flatMap((arg) => /^--?target=(.*)$/.exec(arg)?.[1] ?? []).at(-1) ?? /^target: (.*)$/m.exec(text)?.[1] ?? "all";
  if (target !== "all") return [];
  const self = `${address}:${/grpc_listen_port: (\d+)/.exec(text)?.[1] ?? 9095}`;
  const fields = { "querier.frontend-address": "frontend_address:", "querier.store-gateway-addresses": "store_gateway_addresses:" };
  return Object.entries(fields).flatMap(([flag, field]) => (text.includes(field) ? [] : [`-${flag}=${self}`]));
}

/**
 * Listeners of Thanos by flag, with the subcommands that open them (cmd/thanos/config.go and receive.go of v0.42.4) and their default port.
 * Cap'n Proto is a way of replication that nobody here uses, but receive opens its listener all the same: on any free port.
 */
const thanosListeners: readonly (readonly [string, RegExp, number])[] = [
  ["--http-address", /./, 10902],
  ["--grpc-address", /^(query|receive|rule|sidecar|store)$/, 10901],
  ["--remote-write.address", /^receive$/, 19291],
  ["--receive.capnproto-address", /^receive$/, 0],
];

const table: Readonly<Record<string, Program>> = {
  [images.cortex]: {
    tool: "cortex",
    extra: (of) => [...ringMember(rings.cortex, of), ...cortexAlone(of), ...cortexWaits],
    text: gossipAt,
  },
  [images.loki]: { tool: "loki", extra: (of) => [...ringMember(rings.loki, of), ...lokiWaits], text: gossipAt },
  [images.thanos]: {
    tool: "thanos",
    // Thanos refuses a flag that comes twice, so only those that are not there.
    extra: ({ address, args }) =>
      thanosListeners.flatMap(([flag, commands, port]) =>
        commands.test(args[0] ?? "") && !args.some((arg) => arg.startsWith(`${flag}=`)) ? [`${flag}=${address}:${port}`] : [],
      ),
  },
  // Its listeners are all in its files.
  [images.envoy]: { tool: "envoy", extra: () => [] },
};

/** The program for an image, exactly as `model/versions.ts` names it; undefined where this machine has none (Grafana, Prometheus, ...). */
export function programOf(image: string | undefined): Program | undefined {
  return table[image ?? ""];
}

/** Tools that pods are run with. */
export const podTools = ["cortex", "loki", "thanos", "envoy", "versitygw"] as const satisfies readonly ToolName[];
