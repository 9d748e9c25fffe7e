import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import path from "node:path";
import { addons } from "./components/addons";
import { declareIssuer, edge } from "./components/edge";
import { hardware } from "./components/hardware";
import { monitoring } from "./components/monitoring";
import { dedicatedQuerier, ObservabilityCluster, sharedPriority } from "./components/observability";
import { lastUp } from "./components/lastup";
import { TenantStack } from "./components/tenant";
import { planCapacity, type CapacityPlan } from "./model/capacity";
import { capacityNotice } from "./model/capacity-notice";
import { checkCapacity } from "./model/capacity-problems";
import { capacityRecord, readCapacity } from "./model/capacity-record";
import { refuseLosses, tenantRecord, type Before } from "./model/guard";
import { checkLimitSizes } from "./model/limits";
import { loadTenants, type TenantSet } from "./model/load";
import { platformTenant } from "./model/names";
import { InputError } from "./model/problem";
import { volumeRetentionNotice } from "./model/retention";
import { keptNotice, keptReplicas } from "./model/scalein";
import { readsSharded } from "./model/shards";
import { parseSettings, type Settings } from "./model/settings";
import { readSettingsSource } from "./model/settingsplaces";

/** The program: settings -> tenants -> hardware -> addons -> observability, edge -> tenants. What it returns are the stack's outputs. */
export default async function program(before: Promise<Before> = lastUp()): Promise<Record<string, unknown>> {
  try {
    return await declare(await input(before));
  } catch (error) {
    // What a person wrote wrongly is said without a stack trace.
    throw error instanceof InputError ? new pulumi.RunError(error.message) : error;
  }
}

interface Input {
  readonly settings: Settings;
  readonly set: TenantSet;
  readonly plan: CapacityPlan;
  readonly atLeast: ReadonlyMap<string, number>;
}

async function declare({ settings, set, plan, atLeast }: Input): Promise<Record<string, unknown>> {
  const below = await hardware(settings, plan, s3Credentials());
  const platform = addons(settings, below);
  const tlsProvider = new tls.Provider("tls", {});
  const cloudflare = cloudflareAccess(settings);
  const shared = { settings, hardware: below, tenants: set.tenants, retired: set.retiredIds, atLeast };
  const cluster = new ObservabilityCluster("observability", shared);
  const publisher = await edge({ settings, hardware: below, cloudflare }, dependsOn(platform.envoyGateway));
  const signer = declareIssuer({ settings, hardware: below, tls: tlsProvider, cloudflare }, dependsOn(platform.certManager));

  const clientSecrets = new pulumi.Config().getSecretObject<Record<string, string>>("grafanaClientSecrets");
  const stacks = set.tenants.map((tenant) => ({
    tenant,
    stack: new TenantStack(
      {
        tenant,
        settings,
        cluster: cluster.addresses,
        edge: publisher,
        issuer: signer,
        providers: { kubernetes: below.provider, tls: tlsProvider },
        storageClass: below.storageClass,
        grafanaClientSecret: clientSecrets?.apply((secrets) => secrets[tenant.name] ?? ""),
        dedicatedQuerier: (of, opts) => dedicatedQuerier(of, cluster.addresses, opts),
      },
      // After the definitions of Prometheus and Certificate, and after the namespaces that a dedicated querier lives in.
      dependsOn(platform.prometheusOperator, platform.certManager, cluster),
    ),
  }));

  const own = stacks.find(({ tenant }) => tenant.name === platformTenant);
  monitoring(
    {
      settings,
      provider: below.provider,
      own: own && { tenant: own.tenant, token: own.stack.token },
      certificateAuthority: signer.kind === "private-ca" ? signer.certPem : undefined,
      priorityClass: sharedPriority.className,
    },
    dependsOn(cluster, own?.stack),
  );

  const byName = <T>(value: (one: (typeof stacks)[number]) => T) => Object.fromEntries(stacks.map((s) => [s.tenant.name, value(s)]));
  return {
    /** Name -> state: what `refuseLosses` compares the next run's files with. */
    tenants: byName((s) => s.tenant.state),
    records: byName((s) => tenantRecord(s.tenant)),
    /** What `refuseLosses` must know of the last run before it lets a shard shrink. */
    readSharding: readsSharded(settings.cluster),
    /** What previews compare the next run's plan with. */
    capacity: capacityRecord(plan),
    endpoints: byName((s) => s.stack.endpoints),
    /** Secret: what `tenantstack token` mints with. */
    signing: byName((s) => s.stack.signing),
    /** For `aws eks update-kubeconfig`, so that CI can run `tenantstack sync` after `up`. */
    ...(below.clusterName !== undefined && { clusterName: below.clusterName }),
    ...(signer.kind === "private-ca" && { certificateAuthority: signer.certPem }),
  };
}

/** Reads settings and tenants and refuses what must not be declared: everything at once, before anything changes, also with `--skip-preview`. */
async function input(before: Promise<Before>): Promise<Input> {
  const stack = pulumi.getStack();
  const settings = parseSettings(pulumi.runtime.allConfig(), stack, readSettingsSource(__dirname, stack));
  const set = loadTenants(path.resolve(__dirname, settings.tenants), { projectRoot: __dirname, zone: settings.zone });
  const last = await before;
  refuseLosses(last, set.tenants, settings);
  checkCapacity(set.tenants, settings);
  checkLimitSizes(set.tenants, set.retiredIds, settings);
  const asked = readCapacity(last.capacity);
  const atLeast = keptReplicas(asked, settings.cluster);
  const plan = planCapacity(set.tenants, settings, { atLeast });
  // Once: `up` shows its preview first.
  if (pulumi.runtime.isDryRun()) {
    await pulumi.log.info(capacityNotice(plan, asked));
    const onVolume = settings.hardware === "existing" && settings.s3 === undefined ? volumeRetentionNotice(set.tenants) : undefined;
    const notes = [...set.notes, onVolume, keptNotice(planCapacity(set.tenants, settings), plan)];
    for (const note of notes) if (note !== undefined) await pulumi.log.warn(note);
  }
  return { settings, set, plan, atLeast };
}

/** Static keys of an S3 endpoint, where workload identity is not to be had. */
function s3Credentials() {
  const config = new pulumi.Config();
  const accessKeyId = config.getSecret("s3AccessKeyId");
  const secretAccessKey = config.getSecret("s3SecretAccessKey");
  return accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined;
}

function cloudflareAccess(settings: Settings) {
  const zoneId = settings.cloudflareZoneId;
  return zoneId === undefined ? undefined : { apiToken: new pulumi.Config().requireSecret("cloudflareToken"), zoneId };
}

function dependsOn(...resources: readonly (pulumi.Resource | undefined)[]): { dependsOn: pulumi.Resource[] } {
  return { dependsOn: resources.filter((r): r is pulumi.Resource => r !== undefined) };
}
