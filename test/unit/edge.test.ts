import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { addons } from "../../components/addons";
import type { Edge, Hardware, Issuer } from "../../components/contracts";
import { declareIssuer, edge, edgeWith } from "../../components/edge";
import { dnsWith, recordType } from "../../components/edge/dns";
import { record } from "../../planning/record";
import type { Recorded } from "../../planning/record";

const zone = "obs.example.com";
const settings = { stack: "prod", edge: "gateway-api", dns: "cloudflare", zone } as const;
const service = { namespace: "shop-tenant", name: "gateway", port: 8443 };

interface Room {
  readonly hardware: Pick<Hardware, "provider" | "loadBalancerAnnotations">;
  readonly tls: tls.Provider;
}

/** Runs `body` under mocks, where the Gateway has got this address. */
async function declared(body: (room: Room) => Promise<void> | void, address = "lb.example.net"): Promise<readonly Recorded[]> {
  let failed: unknown;
  const program = async () => {
    const hardware = { provider: new kubernetes.Provider("kubernetes", {}), loadBalancerAnnotations: { lb: "nlb" } };
    try {
      await body({ hardware, tls: new tls.Provider("tls", {}) });
    } catch (error) {
      failed = error;
    }
    return {};
  };
  const { resources } = await record(program, { config: {}, stack: "prod" }, () => ({
    status: { addresses: [{ value: address }] },
    certPem: "PEM",
    privateKeyPem: "KEY",
  }));
  if (failed) throw failed as Error;
  return resources;
}

const publish = (publisher: Edge, { hardware }: Room, domain?: string) => {
  const names = [`shop.${zone}`, `*.shop.${zone}`, ...(domain === undefined ? [] : [domain, `*.${domain}`])];
  publisher.publish({ name: "shop", domain }, names, service, { provider: hardware.provider });
};
const find = (resources: readonly Recorded[], kind: string) => resources.filter((r) => r.inputs.kind === kind).map((r) => r.inputs);

describe("the edge", () => {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- jest's sandbox has no dynamic import
  const cloudflare = require("@pulumi/cloudflare") as typeof import("@pulumi/cloudflare");
  const whole = (domain?: string) => (room: Room) => {
    const dns = dnsWith(cloudflare, { apiToken: pulumi.secret("cf-token"), zoneId: "zone-1" });
    publish(edgeWith(settings, room.hardware, { provider: room.hardware.provider }, dns), room, domain);
  };

  test("passes TLS on unopened, and only namespaces of tenants may attach to it", async () => {
    let entrance: Edge | undefined;
    const resources = await declared((room) => {
      entrance = edgeWith(settings, room.hardware, { provider: room.hardware.provider }, undefined);
    });
    const [gateway] = find(resources, "Gateway") as unknown as {
      metadata: { name: string; namespace: string };
      spec: Record<string, unknown>;
    }[];
    expect(gateway!.spec).toMatchObject({
      gatewayClassName: "envoy-gateway",
      infrastructure: { annotations: { lb: "nlb" } },
      listeners: [
        {
          port: 443,
          protocol: "TLS",
          tls: { mode: "Passthrough" },
          allowedRoutes: {
            namespaces: { from: "Selector", selector: { matchExpressions: [{ key: "tenantstack.dev/tenant", operator: "Exists" }] } },
          },
        },
      ],
    });
    expect(entrance?.proxies).toMatchObject({
      pods: {
        "gateway.envoyproxy.io/owning-gateway-name": gateway!.metadata.name,
        "gateway.envoyproxy.io/owning-gateway-namespace": gateway!.metadata.namespace,
      },
    });
  });

  test("leads all of a tenant's names to its own gateway", async () => {
    const [route] = find(await declared(whole("metrics.shop.example")), "TLSRoute");
    expect(route).toMatchObject({
      apiVersion: "gateway.networking.k8s.io/v1",
      metadata: { namespace: "shop-tenant", labels: { "tenantstack.dev/tenant": "shop" } },
      spec: {
        parentRefs: [{ namespace: "tenantstack-edge", name: "tenants", sectionName: "tls" }],
        hostnames: ["*.metrics.shop.example", `*.shop.${zone}`, "metrics.shop.example", `shop.${zone}`],
        rules: [{ backendRefs: [{ name: "gateway", port: 8443 }] }],
      },
    });
  });

  test.each([
    ["lb.example.net", "CNAME"],
    ["203.0.113.7", "A"],
    ["2001:db8::1", "AAAA"],
  ])("has two records in the platform's zone for a load balancer at %s, not proxied", async (address, type) => {
    const records = (await declared(whole("metrics.shop.example"), address)).filter((r) => r.type.includes("dnsRecord"));
    expect(records.map((r) => [r.name, r.inputs.name])).toEqual([
      ["shop/dns", `shop.${zone}`],
      ["shop/dns-wildcard", `*.shop.${zone}`],
    ]);
    for (const { inputs, provider } of records) {
      expect(inputs).toMatchObject({ zoneId: "zone-1", type, content: address, proxied: false });
      expect(provider).toContain("::cloudflare::");
    }
    expect(recordType(address)).toBe(type);
  });

  test("of a stack without one declares nothing", async () => {
    const resources = await declared(async (room) =>
      publish(await edge({ settings: { ...settings, edge: "none" }, hardware: room.hardware }), room),
    );
    expect(resources.filter((r) => !r.type.startsWith("pulumi:"))).toEqual([]);
  });

  test("refuses Cloudflare without access, with the remedy", async () => {
    const body = async (room: Room) => void (await edge({ settings, hardware: room.hardware }));
    await expect(declared(body)).rejects.toThrow(/Pulumi\.prod\.yaml {2}dns: cloudflare[\s\S]*pulumi config set --secret/);
  });
});

describe("the issuer", () => {
  const base = { stack: "prod", zone, acmeEmail: undefined, certificates: "private-ca" } as const;
  const secret = "4dabf18193072939515e22adb298388d";

  test("private CA: may sign, for ten years, and is renewed a year early", async () => {
    let issuer: Issuer | undefined;
    const resources = await declared((room) => {
      issuer = declareIssuer({ settings: base, hardware: room.hardware, tls: room.tls });
    });
    expect(issuer).toMatchObject({ kind: "private-ca" });
    const ca = resources.find((r) => r.name === "issuer/ca")!;
    expect(ca.inputs).toMatchObject({ isCaCertificate: true, validityPeriodHours: 87_660, earlyRenewalHours: 8_766 });
    expect(ca.inputs.allowedUses).toEqual(expect.arrayContaining(["cert_signing"]));
    expect(ca.inputs.privateKeyPem).toHaveProperty(secret);
    for (const { provider } of resources.filter((r) => r.type.startsWith("tls:"))) expect(provider).toContain("::tls::");
    expect(await pulumi.isSecret((issuer as Extract<Issuer, { kind: "private-ca" }>).keyPem)).toBe(true);
  });

  test("Let's Encrypt: proves names in the platform's zone by DNS, with the token in a Secret", async () => {
    const resources = await declared((room) => {
      const letsencrypt = { ...base, certificates: "letsencrypt", acmeEmail: "ops@example.com" } as const;
      const cloudflare = { apiToken: pulumi.secret("cf-token"), zoneId: "zone-1" };
      expect(declareIssuer({ settings: letsencrypt, hardware: room.hardware, tls: room.tls, cloudflare })).toEqual({
        kind: "acme",
        clusterIssuer: "letsencrypt",
      });
    });
    const [issuer] = find(resources, "ClusterIssuer") as unknown as { spec: { acme: Record<string, unknown> } }[];
    expect(issuer!.spec.acme).toMatchObject({
      email: "ops@example.com",
      solvers: [{ selector: { dnsZones: [zone] }, dns01: { cloudflare: {} } }],
    });
    const [token] = find(resources, "Secret") as unknown as { data: Record<string, unknown> }[];
    expect(token!.data).toHaveProperty(secret);
    expect(JSON.stringify(find(resources, "ClusterIssuer"))).not.toContain("cf-token");
  });

  test("Let's Encrypt without access to DNS is refused", async () => {
    const body = (room: Room) =>
      void declareIssuer({ settings: { ...base, certificates: "letsencrypt" }, hardware: room.hardware, tls: room.tls });
    await expect(declared(body)).rejects.toThrow(/certificates: letsencrypt[\s\S]*needs a Cloudflare API token/);
  });
});

describe("add-ons", () => {
  const wanted = { certManager: true, prometheusOperator: true, envoyGateway: true };

  test("are pinned, and each comes only where it is asked for", async () => {
    const releases = (await declared(({ hardware }) => void addons({ addons: wanted }, hardware))).filter((r) =>
      r.type.includes("Release"),
    );
    expect(releases.map((r) => r.name)).toEqual(["addons/cert-manager", "addons/envoy-gateway-system", "addons/prometheus-operator"]);
    for (const { inputs } of releases)
      expect(inputs).toMatchObject({ version: expect.stringMatching(/^v?\d+\.\d+\.\d+$/) as string, atomic: true });
    expect(releases[1]!.inputs.chart).toMatch(/^oci:\/\/.*\/gateway-helm$/);
    for (const one of Object.keys(wanted)) {
      const only = { certManager: false, prometheusOperator: false, envoyGateway: false, [one]: true };
      const resources = await declared(({ hardware }) => {
        const made = addons({ addons: only }, hardware);
        expect(Object.entries(made).flatMap(([name, value]) => (value ? [name] : []))).toEqual([one]);
      });
      expect(resources.filter((r) => r.type.includes("Release"))).toHaveLength(1);
    }
  });
});
