import type { GatewayInput } from "../../components/tenant/gateway/input";
import { routesOf, type Scope } from "../../model/routes";
import { jwksOf, selfSigned, Upstreams, recordedInput, type Seen } from "../engine/gateway-kit";
import { Envoy, layOut, type CertificatePair } from "../engine/envoy";
import type { Owner } from "./judge";
import { makeKeys, Mint } from "./mint";

/** Apis and revocations of the tenant that is attacked. */
const tenant = { apis: ["datadog", "logs", "metrics"], revoked: ["gone-1", "gone-2"] } as const;

/** What a gateway is attacked with: keys, tokens, and upstreams that record. Every token that is made is remembered, to be looked for in logs. */
export class World {
  public readonly upstreams = new Upstreams();
  public readonly keys = makeKeys();
  public readonly secrets = new Set<string>();
  private readonly made = new Map<string, string>();
  private readonly marks = new Map<string, Seen[]>();
  private next = 0;
  private constructor(
    public readonly pair: CertificatePair,
    public input: GatewayInput,
  ) {}

  public static async create(): Promise<World> {
    const world = new World(await selfSigned("cortex.prod.obs.example.com"), undefined as never);
    world.input = await recordedInput(world.upstreams, { ...tenant, apis: [...tenant.apis], revoked: [...tenant.revoked] });
    // Rates are tried apart; here they would answer in the place of what is tried.
    world.input = { ...world.input, requests: { ingest: 1e6, query: 1e6, manage: 1e6, bodyBytes: 2 << 20 } };
    return world;
  }

  public get jwks(): string {
    return jwksOf(this.keys.own);
  }

  public inputFor(metrics: "cortex" | "thanos"): GatewayInput {
    return { ...this.input, tenant: { ...this.input.tenant, metrics } };
  }

  public ownerOf(input: GatewayInput): Owner {
    return { storageId: input.tenant.storageId, routes: routesOf(input.tenant) };
  }

  public async gateway(input: GatewayInput): Promise<Envoy> {
    return Envoy.start(await layOut(input, this.jwks, this.pair));
  }

  /** A token by what it is called: made once for each scope. */
  public token(name: string, scope: Scope, make: (mint: Mint) => string | undefined): string | undefined {
    const id = `${scope} ${name}`;
    const known = this.made.get(id);
    if (known !== undefined) return known;
    const token = make(new Mint(this.keys, scope));
    if (token === undefined) return undefined;
    this.made.set(id, token);
    if (token.length > 20) this.secrets.add(token);
    return token;
  }

  /** A mark for one request, by which it is found again at the upstreams. */
  public mark(): string {
    return `m${++this.next}`;
  }

  /** What the upstreams got with this mark. It is told once and then forgotten: a run sends some hundred thousand requests, bodies of megabytes among them. */
  public seen(mark: string): readonly Seen[] {
    for (const one of this.upstreams.seen.splice(0)) {
      const name = String(one.headers["x-mark"]);
      this.marks.set(name, [...(this.marks.get(name) ?? []), one]);
    }
    const told = this.marks.get(mark) ?? [];
    this.marks.delete(mark);
    return told;
  }

  public close(): void {
    this.upstreams.close();
  }
}
