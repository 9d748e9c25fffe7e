import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { decode, verify } from "jsonwebtoken";
import {
  internalClaims,
  jwks,
  keyEnd,
  keyId,
  keyRotationProblem,
  maxTokenSeconds,
  mint,
  parseLifetime,
  signingKeyWarning,
  userClaims,
} from "../../model/tokens";

const pair = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});
const second = (iso: string) => Date.parse(iso) / 1000;

test("claims of an in-cluster client derive from the key's month alone", () => {
  expect(internalClaims({ name: "prod" }, "dev", "2026-11", "grafana")).toEqual({
    sub: "prod",
    aud: "dev",
    iss: "tenantstack",
    jti: "internal-grafana-2026-11",
    iat: second("2026-11-01T00:00:00Z"),
    exp: second("2027-12-01T00:00:00Z"),
    scope: "metrics:read logs:read rules:read rules:write alerts:read alerts:write",
  });
  expect(internalClaims({ name: "prod" }, "dev", "2026-11", "prometheus").scope).toBe("metrics:write");
  expect(internalClaims({ name: "prod" }, "dev", "2026-11", "collector").scope).toBe("metrics:write logs:write");
  expect(keyEnd("2026-12")).toBe(second("2028-01-01T00:00:00Z"));
});

test("no in-cluster token lives longer than gateways allow", () => {
  for (let month = 1; month <= 12; month++) {
    const { iat, exp } = internalClaims({ name: "prod" }, "dev", `2027-${String(month).padStart(2, "0")}`, "grafana");
    expect(exp - iat).toBeLessThanOrEqual(maxTokenSeconds);
  }
});

test("signing is deterministic and verifies against the key set", () => {
  const claims = internalClaims({ name: "prod" }, "dev", "2026-11", "prometheus");
  const signing = { privateKey: pair.privateKey, kid: keyId("prod", "2026-11"), claims };
  const token = mint(signing);
  expect(mint(signing)).toBe(token);
  expect(decode(token, { complete: true })).toMatchObject({ header: { alg: "RS256", typ: "JWT", kid: "prod-2026-11" }, payload: claims });
  expect(Object.keys(decode(token) as object)).toEqual(Object.keys(claims));
  const [jwk] = jwks([{ kid: signing.kid, publicKeyPem: pair.publicKey }]).keys;
  const key = createPublicKey({ key: jwk as never, format: "jwk" });
  expect(verify(token, key, { algorithms: ["RS256"], clockTimestamp: claims.iat + 1 })).toEqual(claims);
});

test("the key set is sorted, public, and the same for both encodings", () => {
  const pkcs1 = createPublicKey(pair.publicKey).export({ type: "pkcs1", format: "pem" }).toString();
  const { keys } = jwks([
    { kid: "b", publicKeyPem: pkcs1 },
    { kid: "a", publicKeyPem: pair.publicKey },
  ]);
  expect(keys.map(({ kid, alg, use, kty }) => [kid, alg, use, kty])).toEqual([
    ["a", "RS256", "sig", "RSA"],
    ["b", "RS256", "sig", "RSA"],
  ]);
  expect(keys[0]?.n).toBe(keys[1]?.n);
  // A private key given by mistake gives its public half only.
  expect(Object.keys(jwks([{ kid: "a", publicKeyPem: pair.privateKey }]).keys[0] ?? {})).toEqual(["alg", "e", "kid", "kty", "n", "use"]);
  const ec = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  expect(() => jwks([{ kid: "e", publicKeyPem: ec.publicKey }])).toThrow(/must be RSA/);
});

test("claims of users: scopes once, in one order", () => {
  const claims = userClaims({
    tenant: "prod",
    stack: "dev",
    scopes: ["logs:read", "metrics:write", "logs:read"],
    jti: "x",
    now: 1000.7,
    seconds: 60,
  });
  expect(claims).toEqual({ sub: "prod", aud: "dev", iss: "tenantstack", jti: "x", iat: 1000, exp: 1060, scope: "metrics:write logs:read" });
  expect(parseLifetime("12h")).toEqual({ value: 43_200 });
  expect(parseLifetime("398d")).toMatchObject({ rule: "must be at most 397d" });
});

test.each([
  [[], ["a"], undefined],
  [["a"], ["a"], undefined],
  [["a"], ["a", "b"], undefined],
  [["a", "b"], ["b", "a"], undefined],
  [["b", "a"], ["b"], undefined],
  [["a"], ["b"], /must not drop a.*keys: \[a, YYYY-MM\]/],
  [["a", "b"], ["b"], /must not drop a.*keys: \[b, a\]/],
  [["a"], ["b", "a"], /must not sign with b before.*keys: \[a, b\]/],
])("keys from %j to %j", (previous, next, says) => {
  const problem = keyRotationProblem(previous, next);
  if (says === undefined) expect(problem).toBeUndefined();
  else expect(`${problem?.rule} ${problem?.remedy}`).toMatch(says);
});

test.each([
  ["2026-11-22", undefined],
  ["2027-10-31", undefined],
  ["2027-11-01", /ends on 2027-12-01.*\(2027-11\)/],
  ["2027-12-01", /ended on 2027-12-01/],
  ["2026-10-31", /lies in the future/],
])("on %s the key of 2026-11 warns: %p", (day, says) => {
  const warning = signingKeyWarning({ name: "prod", keys: ["2026-11"] }, new Date(day));
  if (says === undefined) expect(warning).toBeUndefined();
  else expect(warning).toMatch(says);
});
