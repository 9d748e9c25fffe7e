import type { GatewayInput } from "../../components/tenant/gateway/input";
import { routesOf } from "../../model/routes";
import { jwksOf, selfSigned, Upstreams, recordedInput, type Seen } from "../engine/gateway-kit";
import { Envoy, layOut, type CertificatePair } from "../engine/envoy";
import { Arms } from "./arms";
import type { Owner } from "./judge";
import { makeKeys } from "./mint";

/** Apis and revocations of the tenant that is attacked. */
const tenant = { apis: ["datadog", "logs", "metrics"], revoked: ["gone-1", "gone-2"] } as const;

/** Arms against a gateway whose upstreams record what gets through. */
export class World extends Arms {
  public readonly upstreams = new Upstreams();
  private readonly marks = new Map<string, Seen[]>();
  private constructor(
    public readonly pair: CertificatePair,
    public input: GatewayInput,
  ) {
    super(makeKeys());
  }

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

  /** What the upstreams got with this mark. It is told once and then forgotten: a run sends some hundred thousand requests, bodies of megabytes among them. */
  public override seen(mark: string): readonly Seen[] {
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
