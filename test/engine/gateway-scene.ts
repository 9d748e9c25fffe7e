import type http from "node:http";
import type { GatewayInput } from "../../components/tenant/gateway/input";
import { scopes } from "../../model/routes";
import { Envoy, layOut } from "./envoy";
import { call, claims, jwksOf, recordedInput, selfSigned, signingKey, token, Upstreams, type Call, type Seen } from "./gateway-kit";

/** One running gateway of tenant `prod` with recording upstreams, set up and torn down around the tests of a file. */

export const key = signingKey("prod-2026-11");
/** A token with every scope. */
export const good = token(key, claims(scopes.join(" ")));
export const cortex = "cortex.prod.obs.example.com";
export const loki = "loki.prod.obs.example.com";
export const query = { host: cortex, path: "/prometheus/api/v1/query?query=up" };

export interface Tried {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  /** What the upstream saw of it; undefined when the gateway answered itself. */
  readonly seen: Seen | undefined;
}

export class Scene {
  public readonly upstreams = new Upstreams();
  private readonly running: Envoy[] = [];
  private first: Envoy | undefined;
  private its: GatewayInput | undefined;

  public get input(): GatewayInput {
    if (this.its === undefined) throw new Error("the scene is not set up yet");
    return this.its;
  }

  public get envoy(): Envoy {
    if (this.first === undefined) throw new Error("the scene is not set up yet");
    return this.first;
  }

  /** A further gateway, for another input; ends with the scene. */
  public async start(of: GatewayInput): Promise<Envoy> {
    const one = await Envoy.start(await layOut(of, jwksOf(key), await selfSigned(cortex)));
    this.running.push(one);
    return one;
  }

  /** One request, and what the upstream saw of it. */
  public async tried(request: Call, of = this.envoy): Promise<Tried> {
    const before = this.upstreams.seen.length;
    const answer = await call(of, request);
    return { ...answer, seen: this.upstreams.seen.slice(before)[0] };
  }

  public async setUp(): Promise<void> {
    this.its = await recordedInput(this.upstreams, { revoked: ["gone-1", "gone-2"] });
    this.first = await this.start(this.its);
  }

  public async tearDown(): Promise<void> {
    await Promise.all(this.running.map((one) => one.stop()));
    this.upstreams.close();
  }
}
