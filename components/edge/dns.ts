import type { Provider } from "@pulumi/cloudflare";
import type * as pulumi from "@pulumi/pulumi";
import { InputError } from "../../model/problem";

/** What Cloudflare asks for: a token with Zone:DNS:Edit and Zone:Zone:Read on this one zone, and the zone's id. */
export interface CloudflareAccess {
  readonly apiToken: pulumi.Input<string>;
  readonly zoneId: pulumi.Input<string>;
}

/** Makes DNS records. */
export interface Dns {
  /** @param target the load balancer's address or name. */
  record(logicalName: string, name: string, target: pulumi.Output<string>, opts: pulumi.CustomResourceOptions): void;
}

type Cloudflare = typeof import("@pulumi/cloudflare");

/** Loads the SDK on demand. @throws InputError when the stack has no token. */
export async function cloudflareDns(stack: string, access: CloudflareAccess | undefined): Promise<Dns> {
  const needed = access ?? missingAccess(stack, "dns: cloudflare");
  const cloudflare = await import("@pulumi/cloudflare");
  // A CommonJS package: its lazily defined members are on `default` only.
  return dnsWith(cloudflare.default, needed);
}

/** One provider for all records: each provider is a process. */
export function dnsWith(cloudflare: Cloudflare, access: CloudflareAccess): Dns {
  const provider: Provider = new cloudflare.Provider("cloudflare", { apiToken: access.apiToken });
  return {
    record(logicalName, name, target, opts) {
      new cloudflare.DnsRecord(
        logicalName,
        {
          zoneId: access.zoneId,
          name,
          type: target.apply(recordType),
          content: target,
          // 1 means automatic.
          ttl: 1,
          // Cloudflare's own certificate covers one label below a zone, and proxied bodies are capped at 100 MB.
          proxied: false,
        },
        { ...opts, provider },
      );
    },
  };
}

/** Clouds give an address or a name. */
export function recordType(target: string): "A" | "AAAA" | "CNAME" {
  if (/^\d+(\.\d+){3}$/.test(target)) return "A";
  return target.includes(":") ? "AAAA" : "CNAME";
}

/** Refuses a stack that asks for Cloudflare without saying how to reach it. */
export function missingAccess(stack: string, setting: string): never {
  const [path = "", value = ""] = setting.split(": ");
  throw new InputError([
    {
      file: `Pulumi.${stack}.yaml`,
      line: 0,
      column: 0,
      path,
      value,
      rule: "needs a Cloudflare API token and the id of the zone",
      remedy: "Run `pulumi config set --secret cloudflareToken` and `pulumi config set cloudflareZoneId ID`",
    },
  ]);
}
