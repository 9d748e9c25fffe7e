import type { ec2 } from "@pulumi/aws";
import type { AwsRoom } from "./room";
import { subnetRanges } from "./ranges";

export interface Network {
  readonly vpc: ec2.Vpc;
  /** One per zone, in the order of the zones. */
  readonly privateSubnets: readonly ec2.Subnet[];
  readonly publicSubnets: readonly ec2.Subnet[];
}

/**
 * Per zone a public subnet (load balancers, NAT) and a private one (nodes), with a NAT gateway each, so that a lost zone takes no other one's
 * way out. S3 goes through a gateway endpoint: block traffic is most of the bytes and would otherwise be paid for by NAT.
 */
export function declareNetwork(room: AwsRoom, zones: readonly string[], cidr: string): Network {
  const { aws, opts } = room;
  const ranges = subnetRanges(cidr, zones.length);
  const named = (name: string) => ({ Name: `tenantstack-${room.stack}-${name}` });
  const vpc = new aws.ec2.Vpc("aws/vpc", { cidrBlock: cidr, enableDnsHostnames: true, enableDnsSupport: true, tags: named("vpc") }, opts);
  const internet = new aws.ec2.InternetGateway("aws/internet", { vpcId: vpc.id, tags: named("internet") }, opts);
  const out = routeTable(room, vpc, "public", { gatewayId: internet.id });

  const subnets = zones.map((availabilityZone, i) => {
    const range = ranges[i] as { public: string; private: string };
    const subnet = (kind: "public" | "private", role: string) =>
      new aws.ec2.Subnet(
        `aws/${kind}-${i}`,
        {
          vpcId: vpc.id,
          availabilityZone,
          cidrBlock: range[kind],
          tags: { ...named(`${kind}-${i}`), [`kubernetes.io/role/${role}`]: "1" },
        },
        opts,
      );
    const front = subnet("public", "elb");
    const back = subnet("private", "internal-elb");
    associate(room, `public-${i}`, front, out);
    const address = new aws.ec2.Eip(`aws/nat-${i}-address`, { domain: "vpc", tags: named(`nat-${i}`) }, opts);
    const nat = new aws.ec2.NatGateway(`aws/nat-${i}`, { subnetId: front.id, allocationId: address.id, tags: named(`nat-${i}`) }, opts);
    const table = routeTable(room, vpc, `private-${i}`, { natGatewayId: nat.id });
    associate(room, `private-${i}`, back, table);
    return { front, back, table };
  });

  new aws.ec2.VpcEndpoint(
    "aws/s3-endpoint",
    {
      vpcId: vpc.id,
      serviceName: `com.amazonaws.${room.region}.s3`,
      vpcEndpointType: "Gateway",
      routeTableIds: subnets.map((s) => s.table.id),
      tags: named("s3"),
    },
    opts,
  );
  return { vpc, publicSubnets: subnets.map((s) => s.front), privateSubnets: subnets.map((s) => s.back) };
}

type Way = { readonly gatewayId: ec2.InternetGateway["id"] } | { readonly natGatewayId: ec2.NatGateway["id"] };

function routeTable({ aws, opts }: AwsRoom, vpc: ec2.Vpc, name: string, way: Way): ec2.RouteTable {
  return new aws.ec2.RouteTable(`aws/routes-${name}`, { vpcId: vpc.id, routes: [{ cidrBlock: "0.0.0.0/0", ...way }] }, opts);
}

function associate({ aws, opts }: AwsRoom, name: string, subnet: ec2.Subnet, table: ec2.RouteTable): void {
  new aws.ec2.RouteTableAssociation(`aws/routes-${name}`, { subnetId: subnet.id, routeTableId: table.id }, opts);
}
