import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import type { Scope } from "../../model/routes";
import { LiveLab, secondsUntil, tenantFile } from "../stores/pods-kit";
import { Arms } from "./arms";
import type { Attack, Target } from "./attack";
import { attacks } from "./list";
import { signingKey, type SigningKey } from "../engine/gateway-kit";
import { routeTargets } from "./targets";
import { Attacker, type Holder } from "./tries";

/**
 * The same attacks on what `npm start` ends with: real gateways in front of the real stores, through the entry. The attacked tenant is `prod`, as in
 * the list; its neighbour `staging` has secrets that must be in no answer, and must have got nothing afterwards. What reaches a store is told by the
 * recording upstreams of attacks.test.ts; here it is told by what the stores then hold.
 */
jest.setTimeout(300_000);

const zone = "obs.example.com";
/** A value and a line that only the neighbour has. */
const secret = { value: 424_242.125, line: "the-neighbours-line-73b1" } as const;
const secrets = [String(secret.value), secret.line];
const atOnce = 24;
const now = () => `${Date.now()}000000`;

/** Requests that would write for, or read from, whoever the store takes the client for. */
function targetsFor(metrics: "cortex" | "thanos"): Target[] {
  const json = (value: unknown) => ({ type: "application/json", body: JSON.stringify(value) });
  const point = { asDouble: 1, timeUnixNano: now(), attributes: [] };
  const metric = json({ resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: "attack", gauge: { dataPoints: [point] } }] }] }] });
  const line = json({ streams: [{ stream: { job: "attack" }, values: [[now(), "attack"]] }] });
  const asked: Readonly<Record<string, Partial<Target>>> = {
    "cortex-otlp": { payload: metric },
    "cortex-query": { path: "/prometheus/api/v1/query?query=same_name" },
    "cortex-label-values": { path: "/prometheus/api/v1/label/__name__/values" },
    "thanos-otlp": { payload: metric },
    "thanos-query": { path: "/api/v1/query?query=same_name" },
    "thanos-label-values": { path: "/api/v1/label/__name__/values" },
    "loki-push": { payload: line },
    "loki-query-range": { path: `/loki/api/v1/query_range?query=${encodeURIComponent('{job=~".+"}')}` },
    "loki-tail": { path: `/loki/api/v1/tail?query=${encodeURIComponent('{job=~".+"}')}` },
  };
  const tenant = { name: "prod", metrics, apis: ["logs", "metrics"], domain: undefined } as unknown as Parameters<
    typeof routeTargets
  >[0]["tenant"];
  return routeTargets({ tenant, zone }).flatMap((target) => {
    const more = asked[target.route.id];
    return more === undefined ? [] : [{ ...target, ...more }];
  });
}

describe.each(["cortex", "thanos"] as const)("with %s and Loki", (metrics) => {
  const lab = new LiveLab({ prod: metrics, staging: metrics });
  let arms: Arms;
  const keyOf = (tenant: string): SigningKey => {
    const { kid = "", privateKeyPem = "" } = lab.up.signing[tenant] ?? {};
    const privateKey = crypto.createPrivateKey(privateKeyPem);
    return { kid, pair: { privateKey, publicKey: crypto.createPublicKey(privateKey) } };
  };

  beforeAll(async () => {
    // Rates are tried apart; here they would answer in the place of what is tried.
    const rates = `service: {requests: {${metrics === "cortex" ? "ingest: 100000, " : ""}query: 100000}}`;
    fs.writeFileSync(lab.file("prod"), tenantFile(metrics, `${rates}\nrevoked: [gone-1, gone-2]\n`));
    await lab.start({ pods: true, overrides: { zone } });
    arms = new Arms({ own: keyOf("prod"), other: keyOf("staging"), stranger: signingKey("prod-2026-11") });
    expect((await lab.pushSample("staging", secret.value)).status).toBe(200);
    expect((await lab.pushLine("staging", secret.line)).status).toBe(204);
    await secondsUntil(20, () => lab.samples("staging"), (seen) => seen.includes(secrets[0] ?? "")); // prettier-ignore
    await secondsUntil(
      20,
      () => lab.lines("staging"),
      (seen) => seen.includes(secret.line),
    );
  });
  afterAll(() => lab.stop());

  test("no attack gets an answer that it must not, or one with what the neighbour has", async () => {
    const targets = targetsFor(metrics);
    expect(targets).toHaveLength(6);
    const attacker = new Attacker(arms, { port: lab.up.pods?.entry.port ?? 0, owner: { storageId: "prod", routes: [] } }, secrets);
    const work: [Attack, Target, Holder][] = targets.flatMap((target) =>
      attacks.flatMap((attack) =>
        (attack[2].token === undefined ? (["own", "neighbour"] as const) : (["own"] as const)).map((holder): [Attack, Target, Holder] => [
          attack,
          target,
          holder,
        ]),
      ),
    );
    const wrong: string[] = [];
    const began = Date.now();
    const queue = [...work];
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (let one = queue.pop(); one !== undefined; one = queue.pop()) {
          const said = await attacker.try(...one).catch((error: unknown) => String(error));
          // The entry ends handshakes with names that nobody has; behind it the gateway would answer 421.
          if (said?.includes("ECONNRESET") === true && one[0][2].servername?.endsWith(zone) === false) continue;
          if (said !== undefined) wrong.push(`${one[0][0]} on ${one[1].route.id}, token of ${one[2]}: ${said}`);
        }
      }),
    );
    attacker.close();
    process.stderr.write(`   ${metrics} and Loki: ${work.length} attacks in ${Math.round((Date.now() - began) / 1000)} s\n`);
    expect(wrong.slice(0, 40)).toEqual([]);
  });

  const read = async (tenant: string, of: "metrics" | "logs", target: string, ...scopes: Scope[]) =>
    (await lab.client.ask({ url: lab.url(tenant, of, target), token: lab.token(tenant, ...scopes) })).text;

  test("what attacks wrote is the attacked tenant's, and its neighbour has what it had", async () => {
    const names = (tenant: string) => read(tenant, "metrics", `${metrics === "cortex" ? "/prometheus" : ""}/api/v1/label/__name__/values`);
    const jobs = (tenant: string) => read(tenant, "logs", "/loki/api/v1/label/job/values");
    expect([await names("prod"), await jobs("prod")]).toEqual([expect.stringContaining('"attack"'), expect.stringContaining('"attack"')]);
    expect([await names("staging"), await jobs("staging")]).toEqual([expect.not.stringContaining("attack"), expect.not.stringContaining("attack")]); // prettier-ignore
    expect([await lab.samples("staging"), await lab.lines("staging")]).toEqual([[secrets[0]], [secret.line]]);
  });

  test("the stores know of no tenant but those that are declared", async () => {
    const ids = (text: string, pattern: RegExp) => [...new Set([...text.matchAll(pattern)].map(([, id]) => id))].sort();
    const loki = await lab.page("loki/loki-0", 3100, "/metrics");
    expect(ids(loki, /^loki_ingester_memory_streams\{tenant="([^"]*)"/gm)).toEqual(["prod", "staging"]);
    const known =
      metrics === "cortex"
        ? ids(await lab.page("cortex/cortex-0", 8080, "/metrics"), /^cortex_distributor_received_samples_total\{.*user="([^"]*)"/gm)
        : ids(await lab.page("thanos/receive-0", 10902, "/metrics"), /^prometheus_tsdb_head_series\{.*tenant="([^"]*)".*\} [1-9]/gm);
    expect(known).toEqual(["prod", "staging"]);
  });

  test("nothing that a client holds secret is in a log of a gateway or a store", () => {
    const folder = path.join(lab.state, "logs", "pods");
    const files = fs.readdirSync(folder).filter((name) => name.endsWith(".log"));
    expect(files.length).toBeGreaterThan(5);
    const logs = files.map((name) => fs.readFileSync(path.join(folder, name), "utf8"));
    expect(logs.some((text) => text.includes('"status":401'))).toBe(true);
    expect(files.filter((_, i) => arms.toldBy(logs[i] ?? "").length > 0)).toEqual([]);
  });
});
