import type { Command } from "commander";
import { randomUUID } from "node:crypto";
import path from "node:path";
import { silentReporter } from "../embedded/console";
import { loadTenants } from "../model/load";
import { scopes, type Scope } from "../model/routes";
import { defaultTokenSeconds, mint, parseLifetime, userClaims } from "../model/tokens";
import { formatDuration } from "../model/units";
import { UserError } from "./errors";
import { existingStack, type SigningKey } from "./local";
import { root } from "./paths";
import { outputs } from "./stack";

/** Registers `token TENANT`: mints a token from the stack's encrypted outputs and prints it alone on standard output. */
export function register(program: Command): void {
  program
    .command("token <tenant>")
    .description("Mint a token for a tenant's APIs, signed with its first key; prints the token alone")
    .requiredOption("--scope <scopes...>", `what it may do: ${scopes.join(", ")}`)
    .option("--expires <duration>", "how long it is valid", formatDuration(defaultTokenSeconds))
    .option("--context <name>", "the stack that npm start -- --context NAME brought up")
    .option("--id <jti>", "its id, to be named in `revoked` one day; default: random")
    .action(async (tenant: string, options: TokenOptions) => {
      process.stdout.write(`${await mintToken(tenant, options)}\n`);
    });
}

interface TokenOptions {
  readonly scope: string[];
  readonly expires: string;
  readonly id?: string;
  readonly context?: string;
}

async function mintToken(tenant: string, options: TokenOptions): Promise<string> {
  const wanted = options.scope.flatMap((s) => s.split(/[\s,]+/)).filter((s) => s !== "");
  const unknown = wanted.filter((s) => !(scopes as readonly string[]).includes(s));
  if (unknown.length > 0) throw new UserError(`--scope ${unknown.join(" ")}: no such scope. Choose from: ${scopes.join(", ")}.`);
  const life = parseLifetime(options.expires);
  if ("rule" in life) throw new UserError(`--expires ${options.expires}: ${life.rule}. ${life.remedy}.`);
  const stack = await existingStack(silentReporter, options.context);
  const all = (await outputs(stack, true)) as { signing?: Record<string, SigningKey>; tenants?: Record<string, string> };
  const signing = all.signing?.[tenant];
  if (signing === undefined) throw new UserError(unknownTenant(tenant, Object.keys(all.signing ?? {})));
  const claims = userClaims({
    tenant,
    stack: stack.name,
    scopes: [...new Set(wanted)] as Scope[],
    jti: options.id ?? randomUUID(),
    now: Date.now() / 1000,
    seconds: life.value,
  });
  return mint({ privateKey: signing.privateKeyPem, kid: signing.kid, claims });
}

function unknownTenant(tenant: string, known: string[]): string {
  const files = loadTenants(path.join(root, "tenants"), { projectRoot: root }).tenants.map((t) => t.name);
  const has = files.includes(tenant)
    ? `tenants/${tenant}.yaml exists but is not up yet: run npm start first`
    : `the stack has: ${known.sort().join(", ") || "none"}`;
  return `There is no tenant ${tenant} in stack dev; ${has}.`;
}
