import { hostNames } from "../../model/hosts";
import { routesOf, scopes, type Route } from "../../model/routes";
import { within } from "./envoy";
import { call, claims, forgedToken, jwksOf, signingKey, token, type Call } from "./gateway-kit";
import { good, key, query, Scene } from "./gateway-scene";

/** Who gets through the real Envoy with the rendered files: each route, each way of being refused. */

const foreign = signingKey("prod-2026-11");
const unknown = signingKey("other-2026-11");
const pem = key.pair.publicKey.export({ type: "spki", format: "pem" }).toString();
const every = scopes.join(" ");
const dd = "dd.prod.obs.example.com";

const scene = new Scene();
beforeAll(() => scene.setUp(), 60_000);
afterAll(() => scene.tearDown());

const sample = (path: string): string => path.replaceAll(/\{[a-z]+\}/g, "a-b.c%20d");
const hostOf = (route: Route): string => hostNames(scene.input.tenant, scene.input.zone, route.host).public[0] ?? "";
const withToken = (route: Route, scope: string): Pick<Call, "token" | "headers"> =>
  route.host === "dd" ? { headers: { "dd-api-key": token(key, claims(scope)) } } : { token: token(key, claims(scope)) };

const metricsOf = (metrics: "cortex" | "thanos"): Route[] => routesOf({ metrics, apis: ["datadog", "logs", "metrics"] });
const cases = metricsOf("cortex").flatMap((route) => route.methods.map((method) => ({ name: `${method} ${route.id}`, method, route })));

describe("each route of the table", () => {
  test.each(cases)("$name passes with its scope alone and is refused with all others", async ({ method, route }) => {
    const request = { host: hostOf(route), path: `${sample(route.path)}?x=1`, method };
    if (!route.websocket) {
      const passed = await scene.tried({ ...request, ...withToken(route, route.scope) });
      expect([passed.status, passed.seen?.upstream, passed.seen?.method]).toEqual([200, route.upstream, method]);
      expect(passed.seen?.url).toBe(`${sample(route.rewrite ?? route.path)}?x=1`);
      expect([passed.seen?.headers["x-scope-orgid"], passed.seen?.headers["thanos-tenant"]]).toEqual(["prod--2", "prod--2"]);
    }
    const others = scopes.filter((scope) => scope !== route.scope).join(" ");
    const refused = await scene.tried({ ...request, ...withToken(route, `${others} x${route.scope} ${route.scope}x`) });
    expect([refused.status, refused.seen]).toEqual([403, undefined]);
    expect(refused.text).toContain(route.scope);
    const anonymous = await scene.tried(request);
    expect([anonymous.status, anonymous.seen]).toEqual([401, undefined]);
  });

  test("thanos has its own routes and not Cortex's", async () => {
    const of = { ...scene.input, tenant: { ...scene.input.tenant, metrics: "thanos" as const } };
    const thanos = await scene.start(of);
    for (const route of metricsOf("thanos").filter((r) => r.host === "thanos"))
      for (const method of route.methods) {
        const request = { host: "thanos.prod.obs.example.com", path: sample(route.path), method };
        const passed = await scene.tried({ ...request, ...withToken(route, route.scope) }, thanos);
        expect([route.id, passed.status, passed.seen?.upstream]).toEqual([route.id, 200, route.upstream]);
        expect((await scene.tried({ ...request, token: token(key, claims("logs:read")) }, thanos)).status).toBe(403);
      }
    expect((await scene.tried({ ...query, token: good }, thanos)).status).toBe(421);
  }, 20_000);
});

describe("tokens", () => {
  const soon = Math.floor(Date.now() / 1000);
  const read = (more: Record<string, unknown>): string => token(key, claims("metrics:read", more));
  const refused: [string, number, string | undefined][] = [
    ["none", 401, undefined],
    ["not a token", 401, "abc"],
    ["expired", 401, read({ exp: soon - 120 })],
    ["signed by a foreign key with a known id", 401, token(foreign, claims(every))],
    ["of an unknown key", 401, token(unknown, claims(every))],
    ["of a known key under an unknown id", 401, token(key, claims(every), { kid: "other" })],
    ["alg none", 401, forgedToken(key, claims(every), undefined)],
    ["HS256 with the public key", 401, forgedToken(key, claims(every), pem)],
    ["HS256 with the JWKS", 401, forgedToken(key, claims(every), jwksOf(key))],
    ["RS256 said to be HS256", 401, token(key, claims(every), { alg: "HS256" })],
    ["of another stack", 403, read({ aud: "prod" })],
    ["without a stack", 403, read({ aud: undefined })],
    ["of another issuer", 401, read({ iss: "evil" })],
    ["without an issuer", 401, read({ iss: undefined })],
    ["without an end", 401, read({ exp: undefined })],
    ["with an end too far away", 401, read({ exp: soon + 10 * 365 * 86400 })],
    ["not valid yet", 401, read({ nbf: soon + 600 })],
    ["of another tenant", 403, read({ sub: "staging" })],
    ["of a tenant whose name begins the same", 403, read({ sub: "prod2" })],
    ["without a tenant", 403, read({ sub: undefined })],
    ["revoked", 403, read({ jti: "gone-1" })],
    ["revoked, the second", 403, read({ jti: "gone-2" })],
    ["without scopes", 403, token(key, claims("", { scope: undefined }))],
    ["with scopes as a list", 403, read({ scope: ["metrics:read"] })],
    ["with an empty scope", 403, read({ scope: "" })],
  ];
  test.each(refused)("%s: %i", async (_name, status, bearer) => {
    const answer = await scene.tried({ ...query, ...(bearer === undefined ? {} : { token: bearer }) });
    expect([answer.status, answer.seen]).toEqual([status, undefined]);
  });

  const accepted: [string, Partial<Call>][] = [
    ["Bearer", { token: good }],
    ["Bearer without a key id", { token: token(key, claims(every), { kid: undefined }) }],
    ["Bearer 20 s past its end, for clocks that differ", { token: read({ exp: soon - 20 }) }],
    ["Basic with the token as password", { headers: { authorization: `Basic ${Buffer.from(`any:${good}`).toString("base64")}` } }],
    ["Basic without a user", { headers: { authorization: `basic ${Buffer.from(`:${good}`).toString("base64")}` } }],
  ];
  test.each(accepted)("accepts %s; the upstream sees no credential", async (_name, request) => {
    const answer = await scene.tried({ ...query, ...request, headers: { cookie: "a=b", ...request.headers } });
    expect([answer.status, answer.seen?.url]).toEqual([200, query.path]);
    expect(answer.seen?.headers).not.toHaveProperty("authorization");
    expect(answer.seen?.headers).not.toHaveProperty("cookie");
  });

  const odd: [string, Partial<Call>][] = [
    ["the token as user", { headers: { authorization: `Basic ${Buffer.from(`${good}:`).toString("base64")}` } }],
    ["Basic that is no base64", { headers: { authorization: "Basic %%%" } }],
    ["Basic of one character", { headers: { authorization: "Basic a" } }],
    [
      "Basic longer than 8 KiB",
      { headers: { authorization: `Basic ${Buffer.from(`:${read({ pad: "x".repeat(6000) })}`).toString("base64")}` } },
    ],
    ["access_token in the query", { path: `${query.path}&access_token=${good}` }],
    ["Datadog's header elsewhere than on dd", { headers: { "dd-api-key": good } }],
    ["Datadog's query elsewhere than on dd", { path: `${query.path}&api_key=${good}` }],
  ];
  test.each(odd)("refuses %s", async (_name, request) => {
    const answer = await scene.tried({ ...query, ...request });
    expect([answer.status, answer.seen]).toEqual([401, undefined]);
  });
});

describe("Datadog's key", () => {
  const series = { host: dd, path: "/api/v2/series", method: "POST" };
  const secret = token(key, claims("metrics:write", { jti: "dd-key" }));
  const wrong = token(foreign, claims("metrics:write", { jti: "dd-wrong" }));
  const requests: [string, number, Partial<Call>][] = [
    ["as header", 200, { headers: { "dd-api-key": secret, "dd-application-key": "app" } }],
    ["as query", 200, { path: `${series.path}?api_key=${secret}&x=1` }],
    ["in both places", 200, { path: `${series.path}?api_key=${secret}`, headers: { "dd-api-key": secret } }],
    ["wrong as header", 401, { headers: { "dd-api-key": wrong } }],
    ["wrong as query", 401, { path: `${series.path}?api_key=${wrong}` }],
    ["as bearer only", 401, { token: secret }],
  ];
  test.each(requests)("%s: %i, and reaches neither upstream nor log", async (_name, status, request) => {
    const answer = await scene.tried({ ...series, ...request });
    expect(answer.status).toBe(status);
    const text = JSON.stringify(answer.seen ?? "");
    for (const part of [secret, wrong, "dd-application-key"]) expect(text).not.toContain(part);
    const before = scene.envoy.log.length;
    await call(scene.envoy, { ...series, path: "/api/v1/validate", token: "x" });
    await within(3000, "the access log", () => scene.envoy.log.length > before);
    expect(scene.envoy.log).not.toMatch(/eyJ|api_key|query=/);
    expect(scene.envoy.log).not.toContain(secret.slice(-40));
  });
});
