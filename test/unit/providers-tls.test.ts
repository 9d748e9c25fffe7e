import { createHash, createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { TlsProvider } from "../../embedded/providers/tls/provider";
import { type Bag, type Fields, type Marks, textOf, UNKNOWN } from "../../embedded/providers/protocol/values";

/** The behaviours of the tls stand-in (pulumi.com/registry/packages/tls, API docs of each resource). */

let now = Date.now();
const provider = new TlsProvider("5.6.1", () => now);
const target = (kind: string) => ({
  urn: `urn::${kind}`,
  name: kind,
  type: `tls:index/${kind.charAt(0).toLowerCase()}${kind.slice(1)}:${kind}`,
});
const bag = (value: Fields, secrets: Marks = new Map()): Bag => ({ value, secrets });

interface Made {
  id: string;
  inputs: Bag;
  outputs: Bag;
}

async function make(kind: string, inputs: Fields, preview = false): Promise<Made> {
  const checked = await provider.check({
    ...target(kind),
    olds: undefined,
    news: bag(inputs),
    randomSeed: Buffer.alloc(0),
    autonaming: undefined,
  });
  if (checked.failures.length > 0) throw new Error(checked.failures.map(({ reason }) => reason).join("\n"));
  return { inputs: checked.inputs, ...(await provider.create({ ...target(kind), properties: checked.inputs, preview, timeout: 0 })) };
}

async function changes(kind: string, made: Made, news: Fields): Promise<Record<string, string>> {
  const args = { ...target(kind), id: made.id, olds: made.outputs, oldInputs: made.inputs, news: bag(news) };
  return Object.fromEntries((await provider.diff(args)).detailed);
}

const text = (made: Made, key: string) => textOf(made.outputs.value[key]);
const key = async (algorithm = "ECDSA", ecdsaCurve = "P256") => text(await make("PrivateKey", { algorithm, ecdsaCurve }), "privateKeyPem");
const authority = async (more: Fields = {}) => {
  const privateKeyPem = await key();
  const inputs = {
    privateKeyPem,
    isCaCertificate: true,
    subject: { commonName: "ca", organization: "o" },
    allowedUses: ["cert_signing"],
    validityPeriodHours: 48,
    ...more,
  };
  return { privateKeyPem, inputs, made: await make("SelfSignedCert", inputs) };
};

test.each([
  ["RSA", {}, /^-----BEGIN RSA PRIVATE KEY/, /^ssh-rsa /],
  ["ECDSA", { ecdsaCurve: "P256" }, /^-----BEGIN EC PRIVATE KEY/, /^ecdsa-sha2-nistp256 /],
  ["ECDSA", { ecdsaCurve: "P521" }, /^-----BEGIN EC PRIVATE KEY/, /^ecdsa-sha2-nistp521 /],
  ["ED25519", {}, /^-----BEGIN PRIVATE KEY/, /^ssh-ed25519 /],
])("a %s key %j has all its forms, the private ones secret", async (algorithm, more, pem, ssh) => {
  const made = await make("PrivateKey", { algorithm, ...more });
  expect([text(made, "privateKeyPem"), text(made, "publicKeyOpenssh")]).toEqual([expect.stringMatching(pem), expect.stringMatching(ssh)]);
  const publicPem = createPublicKey(createPrivateKey(text(made, "privateKeyPemPkcs8"))).export({ format: "pem", type: "spki" });
  expect([text(made, "publicKeyPem"), made.id]).toEqual([publicPem, createHash("sha1").update(publicPem).digest("hex")]);
  const blob = Buffer.from(text(made, "publicKeyOpenssh").split(" ")[1] ?? "", "base64");
  expect(text(made, "publicKeyFingerprintSha256")).toBe(`SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`);
  expect(text(made, "publicKeyFingerprintMd5")).toMatch(/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/);
  // OpenSSH's private form holds the public blob as it is.
  expect(Buffer.from(text(made, "privateKeyOpenssh").replace(/-----.*-----|\n/g, ""), "base64").includes(blob)).toBe(true);
  expect([...(made.outputs.secrets as Map<string, Marks>)].sort()).toEqual([["privateKeyOpenssh", true], ["privateKeyPem", true], ["privateKeyPemPkcs8", true]]); // prettier-ignore
});

test("numbers in OpenSSH's forms take a zero byte before a set top bit, so that they are not negative", async () => {
  const made = await make("PrivateKey", { algorithm: "RSA" });
  const blob = Buffer.from(text(made, "publicKeyOpenssh").split(" ")[1] ?? "", "base64");
  const modulus = Buffer.from(createPublicKey(text(made, "publicKeyPem")).export({ format: "jwk" }).n ?? "", "base64url");
  expect([blob.subarray(-257)[0], blob.subarray(-256).equals(modulus), blob.readUInt32BE(blob.length - 261)]).toEqual([0, true, 257]);
});

test("the default curve is P224, which OpenSSH does not know", async () => {
  const made = await make("PrivateKey", { algorithm: "ECDSA" });
  expect(made.outputs.value).toMatchObject({ ecdsaCurve: "P224", rsaBits: 2048, publicKeyOpenssh: "", privateKeyOpenssh: "" });
  await expect(
    make("SelfSignedCert", { privateKeyPem: text(made, "privateKeyPem"), allowedUses: [], validityPeriodHours: 1 }),
  ).rejects.toThrow(/P256/);
});

test("making a long key keeps the event loop free", async () => {
  const slow = make("PrivateKey", { algorithm: "RSA", rsaBits: 2048 }).then(() => "slow");
  expect(await Promise.race([slow, new Promise((resolve) => setTimeout(() => resolve("free"), 0))])).toBe("free");
  await slow;
}, 60_000);

test("a self-signed CA says what was asked for", async () => {
  const { made, inputs } = await authority({ maxPathLength: 1, setAuthorityKeyId: true });
  const certificate = new X509Certificate(text(made, "certPem"));
  expect([certificate.ca, certificate.subject, certificate.verify(certificate.publicKey)]).toEqual([true, "O=o\nCN=ca", true]);
  expect(BigInt(`0x${certificate.serialNumber}`).toString()).toBe(made.id);
  expect(Date.parse(text(made, "validityEndTime")) - Date.parse(text(made, "validityStartTime"))).toBe(48 * 3_600_000);
  expect(new Date(certificate.validTo).toISOString().replace(".000Z", "Z")).toBe(text(made, "validityEndTime"));
  expect(made.outputs.value).toMatchObject({ keyAlgorithm: "ECDSA", readyForRenewal: false, earlyRenewalHours: 0, setSubjectKeyId: false });
  expect(made.outputs.secrets).toEqual(new Map([["privateKeyPem", true]]));
  await expect(make("SelfSignedCert", { ...inputs, subject: {} })).rejects.toThrow(/at least one part of a name/);
  await expect(make("SelfSignedCert", { ...inputs, isCaCertificate: false, setAuthorityKeyId: true })).rejects.toThrow(/setSubjectKeyId/);
});

test.each(["RSA", "ECDSA", "ED25519"])("a CA signs a request of an %s key; names come from the request", async (algorithm) => {
  const { made, privateKeyPem } = await authority();
  const names = { dnsNames: ["a.example", "*.a.example"], ipAddresses: ["127.0.0.1", "::1"], uris: ["spiffe://a/b"] };
  const request = await make("CertRequest", { privateKeyPem: await key(algorithm), subject: { commonName: "leaf" }, ...names });
  const certRequestPem = text(request, "certRequestPem");
  const inputs = {
    certRequestPem,
    caCertPem: text(made, "certPem"),
    caPrivateKeyPem: privateKeyPem,
    allowedUses: ["server_auth", "digital_signature"],
    validityPeriodHours: 1,
  };
  const leaf = await make("LocallySignedCert", inputs);
  const [ca, certificate] = [new X509Certificate(text(made, "certPem")), new X509Certificate(text(leaf, "certPem"))];
  expect([certificate.checkIssued(ca), certificate.verify(ca.publicKey), certificate.ca, certificate.subject]).toEqual([
    true,
    true,
    false,
    "CN=leaf",
  ]);
  expect([certificate.checkHost("x.a.example"), certificate.checkIP("127.0.0.1"), certificate.subjectAltName]).toEqual([
    "*.a.example",
    "127.0.0.1",
    expect.stringContaining("spiffe://a/b"),
  ]);
  expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
  expect(leaf.outputs.value).toMatchObject({ caKeyAlgorithm: "ECDSA" });
  await expect(make("LocallySignedCert", { ...inputs, caPrivateKeyPem: await key() })).rejects.toThrow(
    "caPrivateKeyPem is not the key of caCertPem",
  );
  await expect(make("LocallySignedCert", { ...inputs, certRequestPem: "x" })).rejects.toThrow(
    "certRequestPem is not a certificate request",
  );
});

test("every change replaces, the time of renewal aside; defaults written out are no change", async () => {
  const { made, inputs } = await authority();
  expect(await changes("SelfSignedCert", made, { ...inputs, setSubjectKeyId: false, earlyRenewalHours: 0 })).toEqual({});
  expect(await changes("SelfSignedCert", made, { ...inputs, validityPeriodHours: 49 })).toEqual({ validityPeriodHours: "update-replace" });
  expect(await changes("SelfSignedCert", made, { ...inputs, subject: { commonName: "other", organization: "o" } })).toEqual({
    "subject.commonName": "update-replace",
  });
  expect(await changes("SelfSignedCert", made, { ...inputs, earlyRenewalHours: 1 })).toEqual({ earlyRenewalHours: "update" });
});

test("a certificate is replaced when it is due, from the hour on", async () => {
  const { made, inputs } = await authority({ earlyRenewalHours: 8 });
  const due = Date.parse(text(made, "validityEndTime")) - 8 * 3_600_000;
  now = due - 1;
  expect(await changes("SelfSignedCert", made, inputs)).toEqual({});
  now = due;
  expect(await changes("SelfSignedCert", made, inputs)).toEqual({ readyForRenewal: "update-replace" });
  const read = await provider.read({ ...target("SelfSignedCert"), id: made.id, inputs: made.inputs, properties: made.outputs });
  expect(read.outputs.value["readyForRenewal"]).toBe(true);
  now = Date.now();
});

test("a preview leaves what is made open and keeps unknown inputs", async () => {
  const previewed = await make("SelfSignedCert", { privateKeyPem: UNKNOWN, allowedUses: [], validityPeriodHours: 1 }, true);
  expect(previewed).toMatchObject({ id: "", outputs: { value: { privateKeyPem: UNKNOWN } } });
  expect(previewed.outputs.value).not.toHaveProperty("certPem");
});

test.each<[string, Fields, RegExp]>([
  ["PrivateKey", {}, /algorithm is required/],
  ["PrivateKey", { algorithm: "DSA" }, /RSA, ECDSA, ED25519/],
  ["PrivateKey", { algorithm: "RSA", bits: 1 }, /no input bits/],
  ["SelfSignedCert", { privateKeyPem: "x", allowedUses: ["serverAuth"], validityPeriodHours: 1 }, /server_auth.*"serverAuth" is not/],
  ["SelfSignedCert", { privateKeyPem: "x", allowedUses: [], validityPeriodHours: -1 }, /whole number/],
  ["SelfSignedCert", { privateKeyPem: "x", allowedUses: [], validityPeriodHours: 1, subject: { cn: "x" } }, /has no cn/],
  ["SelfSignedCert", { privateKeyPem: "x", allowedUses: [], validityPeriodHours: 1, privateKeyPemWo: "x" }, /no input privateKeyPemWo/],
  [
    "SelfSignedCert",
    { privateKeyPem: "not a key", allowedUses: [], validityPeriodHours: 1 },
    /^privateKeyPem is not an unencrypted private key/,
  ],
  ["GetCertificate", {}, /the tls stand-in has no/],
])("%s %j is refused", async (kind, inputs, said) => {
  await expect(make(kind, inputs)).rejects.toThrow(said);
});
