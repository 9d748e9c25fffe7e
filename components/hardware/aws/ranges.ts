import { InputError } from "../../../model/problem";

/**
 * Splits a VPC's range: its lower half into one private subnet per zone (pods have addresses of their own there), the upper half into public ones.
 * A range's place does not depend on how many zones are used, so adding a zone moves no other. Up to 8 zones.
 * @param cidr IPv4, `/16` to `/20`: below that EKS runs out of addresses for pods.
 * @throws InputError for anything else.
 */
export function subnetRanges(cidr: string, zones: number): { public: string; private: string }[] {
  const [, address = "", length = ""] = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(cidr) ?? [];
  const octets = address.split(".").map(Number);
  const prefix = Number(length);
  const start = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const size = 2 ** (32 - prefix);
  const bad = octets.length !== 4 || octets.some((o) => o > 255) || prefix < 16 || prefix > 20 || start % size !== 0 || zones > 8;
  if (bad) throw refused(cidr);
  const part = size / 16;
  const range = (index: number) => `${dotted(start + index * part)}/${prefix + 4}`;
  return Array.from({ length: zones }, (_, zone) => ({ private: range(zone), public: range(8 + zone) }));
}

const dotted = (n: number) => [24, 16, 8, 0].map((bits) => Math.floor(n / 2 ** bits) % 256).join(".");

const refused = (cidr: string) =>
  new InputError([
    {
      file: "Pulumi.<stack>.yaml",
      line: 0,
      column: 0,
      path: "aws.cidr",
      value: cidr,
      rule: "must be a private IPv4 range of /16 to /20 that starts at a multiple of its size, for at most 8 zones",
      remedy: "Write for example aws.cidr: 10.0.0.0/16",
    },
  ]);
