import type { Scope } from "../../model/routes";
import type { Seen } from "../engine/gateway-kit";
import { Mint, type Keys } from "./mint";

/** What a gateway is attacked with: keys and tokens. Every token that is made is remembered, to be looked for in logs. */
export class Arms {
  public readonly secrets = new Set<string>();
  private readonly made = new Map<string, string>();
  private next = 0;

  public constructor(public readonly keys: Keys) {}

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

  /** What the upstreams got with this mark, where they record. */
  public seen(_mark: string): readonly Seen[] {
    return [];
  }

  /** What of the secrets a log tells. The end of each is sought: beginnings are alike. Of words that the log repeats, one. */
  public toldBy(log: string): string[] {
    const words = [...new Set(log.split(/[^\w./+=-]+/))].join("\n");
    return [...this.secrets].filter((secret) => words.includes(secret.slice(-24)));
  }
}
