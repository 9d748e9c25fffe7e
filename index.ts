import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import path from "node:path";
import { addons } from "./components/addons";
import { edge, issuer } from "./components/edge";
import { hardware } from "./components/hardware";
import { dedicatedQuerier, ObservabilityCluster } from "./components/observability";
import { TenantStack } from "./components/tenant";
import { refuseLosses, type TenantRecord } from "./model/guard";
import { hostConflicts, loadTenants, type TenantSet } from "./model/load";
import { InputError } from "./model/problem";
import { parseSettings, type Settings } from "./model/settings";

/** The program: settings -> tenants -> hardware -> addons -> observability, edge -> tenants. What it returns are the stack's outputs. */
export default async function program(): Promise<Record<string, unknown>> {
  const { settings, set } = await input();
  limitStackTraces(set.tenants.length);

  const below = await hardware(settings);
  const tlsProvider = new tls.Provider("tls", {});
  const providers = { kubernetes: below.provider, tls: tlsProvider };
  const platform = addons(settings, { provider: below.provider });
  const cluster = new ObservabilityCluster("observability", { settings, hardware: below, tenants: set.tenants, retired: set.retiredIds });
  const publisher = await edge(settings, below, { provider: below.provider, dependsOn: platform });
  const signer = issuer(settings, { provider: below.provider, dependsOn: platform }, { provider: tlsProvider });

  const stacks = set.tenants.map((tenant) => {
    const stack = new TenantStack(
      {
        tenant,
        settings,
        cluster: cluster.addresses,
        edge: publisher,
        issuer: signer,
        providers,
        storageClass: below.storageClass,
        dedicatedQuerier: (of, opts) => dedicatedQuerier(of, cluster.addresses, opts),
      },
      { dependsOn: platform },
    );
    return { tenant, stack };
  });

  const byName = <T>(value: (s: (typeof stacks)[number]) => T) => Object.fromEntries(stacks.map((s) => [s.tenant.name, value(s)]));
  return {
    /** Name -> state: what `refuseLosses` compares the next run's files with. */
    tenants: byName((s) => s.tenant.state),
    records: byName((s): TenantRecord => ({ metrics: s.tenant.metrics, keys: [...s.tenant.keys], storageId: s.tenant.storageId })),
    endpoints: byName((s) => s.stack.endpoints),
    /** Secret: what `tenantstack token` mints with. */
    signing: byName((s) => s.stack.signing),
    certificateAuthority: signer.kind === "private-ca" ? signer.certPem : undefined,
  };
}

/** Reads settings and tenants and refuses what must not be declared; says everything at once, without a stack trace, before anything changes. */
async function input(): Promise<{ settings: Settings; set: TenantSet }> {
  try {
    const settings = parseSettings(pulumi.runtime.allConfig(), pulumi.getStack());
    const set = loadTenants(path.resolve(__dirname, settings.tenants), { projectRoot: __dirname });
    const conflicts = hostConflicts(set.tenants, settings.zone);
    if (conflicts.length > 0) throw new InputError(conflicts);
    const before = new pulumi.StackReference("self", { name: `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}` });
    const [states, records] = await Promise.all([before.getOutputDetails("tenants"), before.getOutputDetails("records")]);
    refuseLosses({ states: states.value ?? {}, records: records.value ?? {} }, set.tenants, settings);
    return { settings, set };
  } catch (error) {
    if (error instanceof InputError) throw new pulumi.RunError(error.message);
    throw error;
  }
}

/**
 * Every promise of the SDK captures a stack, which halves the speed of large stacks (62 s -> 23 s at 10,000 resources). From 50 tenants on we go
 * without; `TENANTSTACK_STACK_TRACES=1` brings them back to look into an error of the program.
 */
function limitStackTraces(tenants: number): void {
  if (tenants >= 50 && process.env.TENANTSTACK_STACK_TRACES !== "1") Error.stackTraceLimit = 0;
}
