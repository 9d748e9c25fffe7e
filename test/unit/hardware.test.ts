import { execFileSync } from "node:child_process";
import type { Hardware } from "../../components/contracts";
import { declareAws } from "../../components/hardware/aws";
import type { Aws } from "../../components/hardware/aws/room";
import { subnetRanges } from "../../components/hardware/aws/ranges";
import { existingHardware } from "../../components/hardware/existing";
import type { NodePlan } from "../../model/capacity";
import { record } from "../../planning/record";
import type { Recorded } from "../../planning/record";

const zoneNames = ["eu-west-1c", "eu-west-1a", "eu-west-1b"];

/** The SDK with the two questions to the cloud answered; recordings refuse every call. */
function awsWith(zones: string[]): Aws {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- jest's sandbox has no dynamic import
  const aws = require("@pulumi/aws") as Aws;
  return Object.create(aws, {
    getAvailabilityZones: { value: () => Promise.resolve({ names: zones }) },
    getCallerIdentityOutput: { value: () => ({ accountId: "123456789012" }) },
  }) as Aws;
}

const given = { stack: "prod", aws: { region: "eu-west-1", zones: 3, cidr: "10.0.0.0/16" } };

/** Seven nodes in each of three zones. */
const nodes: NodePlan = {
  node: { type: "m7i.2xlarge", cpu: 8, memory: 32 },
  zones: 3,
  totals: { cpu: 100, memory: 400, volume: 1000, nodes: 21 },
};

async function declared(program: () => Promise<Hardware> | Hardware): Promise<{ resources: readonly Recorded[]; hardware: Hardware }> {
  let result: { hardware: Hardware } | { error: unknown } | undefined;
  const guarded = async () => {
    try {
      result = { hardware: await program() };
    } catch (error) {
      result = { error };
    }
    return {};
  };
  const { resources } = await record(guarded, { config: {}, stack: "prod" }, (args) => ({
    arn: `arn:${args.name}`,
    name: args.name,
    endpoint: "https://eks.example",
    certificateAuthority: { data: "Q0E=" },
  }));
  const ours = resources.filter((r) => r.type !== "pulumi:pulumi:Stack");
  if (result === undefined || "error" in result) throw result?.error as Error;
  return { resources: ours, hardware: result.hardware };
}

describe("aws", () => {
  let all: readonly Recorded[];
  let hardware: Hardware;
  const ofType = (type: string) => all.filter((r) => r.type.endsWith(type));

  beforeAll(async () => {
    ({ resources: all, hardware } = await declared(() => declareAws(awsWith(zoneNames), given, nodes)));
  }, 60_000);

  test("inventory: what it costs is known, and no name changes by accident", () => {
    const count = new Map<string, number>();
    for (const { type } of all) count.set(type, (count.get(type) ?? 0) + 1);
    expect(Object.fromEntries([...count].sort())).toMatchSnapshot();
    expect(all.map((r) => r.name).sort()).toMatchSnapshot();
  });

  test("data outlives mistakes: buckets and key are protected, buckets private, encrypted and versioned", () => {
    const buckets = ofType(":Bucket");
    expect(buckets.map((b) => b.name)).toEqual(["cortex", "cortex-rules", "loki", "thanos"].map((n) => `aws/bucket-${n}`));
    for (const bucket of [...buckets, ...ofType(":Key"), ...ofType("eks/cluster:Cluster")])
      expect([bucket.name, bucket.protect]).toEqual([bucket.name, true]);
    for (const { name, inputs } of buckets) {
      expect(inputs.forceDestroy).toBe(false);
      const part = (suffix: string) => all.find((r) => r.name === `${name}-${suffix}`)!.inputs;
      expect(part("private")).toMatchObject({
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      });
      expect(part("versions").versioningConfiguration).toEqual({ status: "Enabled" });
      expect(part("encryption").rules).toMatchObject([
        { applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: "arn:aws/key" } },
      ]);
    }
  });

  test("each system reaches its own buckets only", () => {
    for (const system of ["cortex", "loki", "thanos"]) {
      const { policy } = all.find((r) => r.name === `aws/role-${system}-buckets`)!.inputs as { policy: string };
      const arns = JSON.stringify(policy).match(/arn:aws\/bucket-[a-z-]+/g) ?? [];
      expect(arns.length).toBeGreaterThan(0);
      for (const arn of arns) expect(arn).toMatch(new RegExp(`^arn:aws/bucket-${system}(-rules)?$`));
      const identity = all.find((r) => r.name === `aws/identity-${system}`)!.inputs;
      expect(identity).toMatchObject({ namespace: system, serviceAccount: system, roleArn: `arn:aws/role-${system}` });
    }
  });

  test("nodes stand in every zone, in private subnets, and network policies are enforced", () => {
    expect(hardware.zones).toEqual(["eu-west-1a", "eu-west-1b", "eu-west-1c"]);
    expect(ofType("nodeGroup:NodeGroup").map((g) => [g.inputs.instanceTypes, g.inputs.scalingConfig])).toEqual(
      [0, 1, 2].map(() => [["m7i.2xlarge"], { minSize: 7, desiredSize: 7, maxSize: 8 }]),
    );
    expect(ofType("nodeGroup:NodeGroup").map((g) => g.inputs.subnetIds)).toEqual([0, 1, 2].map((zone) => [`aws/private-${zone}-id`]));
    expect(ofType("subnet:Subnet").filter((s) => s.inputs.mapPublicIpOnLaunch !== undefined)).toEqual([]);
    const network = all.find((r) => r.name === "aws/addon-vpc-cni")!.inputs as { configurationValues: string };
    expect(JSON.parse(network.configurationValues)).toEqual({ enableNetworkPolicy: "true" });
  });

  test("no resource falls back to a default provider, and there is one provider of each kind", () => {
    for (const { type, name, provider } of all.filter((r) => !r.type.startsWith("pulumi:providers:")))
      expect([type, name, provider]).toEqual([type, name, expect.stringMatching(/::(aws|kubernetes)::/)]);
    expect(ofType("providers:aws")).toHaveLength(1);
    expect(ofType("providers:kubernetes").map((p) => p.inputs)).toMatchObject([
      { clusterIdentifier: "arn:aws/cluster", enableServerSideApply: "true", enableConfigMapMutable: "true", enableSecretMutable: "true" },
    ]);
    expect(JSON.stringify(ofType("providers:kubernetes")[0]!.inputs)).not.toMatch(/token"?:|client-key/);
  });

  test("refuses more zones than the region has, in words", async () => {
    await expect(declared(() => declareAws(awsWith(["eu-west-1a"]), given, nodes))).rejects.toThrow(
      /aws\.zones: 3[\s\S]*eu-west-1 has 1 zones[\s\S]*at most 1/,
    );
  });
});

describe("address ranges", () => {
  test("do not overlap, lie in the VPC, and stay where they are when a zone is added", () => {
    const all = subnetRanges("10.32.0.0/16", 8).flatMap((r) => [r.private, r.public]);
    expect(new Set(all).size).toBe(16);
    expect(all.sort()).toEqual(Array.from({ length: 16 }, (_, i) => `10.32.${i * 16}.0/20`).sort());
    expect(subnetRanges("10.32.0.0/16", 8).slice(0, 2)).toEqual(subnetRanges("10.32.0.0/16", 2));
  });

  test.each(["10.0.0.0/8", "10.0.0.0/24", "10.0.1.0/16", "300.0.0.0/16", "", "fd00::/16"])("%s is refused with the rule", (cidr) => {
    expect(() => subnetRanges(cidr, 3)).toThrow("must be a private IPv4 range of /16 to /20");
  });
});

describe("existing", () => {
  const settings = {
    stack: "dev",
    hardware: "existing",
    cluster: { size: "single" },
    kubeconfig: "./kubeconfig",
    context: undefined,
    s3: undefined,
    aws: undefined,
  } as const;

  test("declares a provider that outlives its kubeconfig, and nothing else", async () => {
    const { resources, hardware } = await declared(() => existingHardware(settings));
    expect(resources.map((r) => r.inputs)).toEqual([
      expect.objectContaining({ clusterIdentifier: "dev", kubeconfig: "./kubeconfig", enableServerSideApply: "true" }),
    ]);
    expect(hardware.storage.cortex).toEqual({ kind: "volume" });
    const moved = await declared(() => existingHardware({ ...settings, kubeconfig: "./other" }));
    expect(moved.resources[0]!.inputs.clusterIdentifier).toBe("dev");
    const named = await declared(() => existingHardware({ ...settings, context: "blue" }));
    expect(named.resources[0]!.inputs).toMatchObject({ clusterIdentifier: "blue", context: "blue" });
  });

  test.each([
    ["https://minio.example.com:9000", "minio.example.com:9000", false],
    ["http://minio.storage.svc:9000/", "minio.storage.svc:9000", true],
  ])("takes the store at %s", async (endpoint, host, insecure) => {
    const keys = { accessKeyId: "a", secretAccessKey: "b" };
    const { hardware } = await declared(() => existingHardware({ ...settings, s3: { endpoint, region: "x", bucketPrefix: "obs" } }, keys));
    expect(hardware.storage.loki).toEqual({ kind: "s3", bucket: "obs-loki", endpoint: host, region: "x", insecure, credentials: keys });
  });

  test("loads no cloud's SDK", () => {
    const script = `require("./hook.js"); require("./components/hardware/index.ts");
      console.log(Object.keys(require.cache).filter((f) => f.includes("@pulumi/aws")).length)`;
    expect(execFileSync(process.execPath, ["-e", script], { encoding: "utf8", timeout: 60_000 }).trim()).toBe("0");
  });
});
