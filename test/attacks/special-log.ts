import type { GatewayInput } from "../../components/tenant/gateway/input";
import type { Listener } from "../engine/gateway-whole";
import { within } from "../engine/envoy";
import type { Target } from "./attack";
import { differs, send, targetOf, tokenFor, type Asked } from "./good";
import { nameOf, type Mutant } from "./mutate";
import { routeOf, type Special } from "./special";
import { targetsOf } from "./targets";

/** What the access log tells, and what it leaves out. */

/** Fields of each line. */
const fields = ["client", "details", "flags", "host", "method", "milliseconds", "path", "protocol", "received", "request", "route", "sent"];
const more = ["status", "time", "token", "upstream"];

type Line = Readonly<Record<string, unknown>>;

function linesOf(asked: Asked): Line[] {
  const whole = asked.log().split("\n").slice(0, -1);
  return whole.map((line) => JSON.parse(line) as Line);
}

/** Waits until the log has a line of this request; undefined after five seconds. */
async function lineOf(asked: Asked, is: (line: Line) => boolean): Promise<Line | undefined> {
  await within(5000, "a line", () => linesOf(asked).some(is)).catch(() => undefined);
  return linesOf(asked).find(is);
}

async function told(asked: Asked, target: Target): Promise<string | undefined> {
  const { host, method, path, route } = target;
  await send(asked, { host, method, path: `${path}?x=refused` });
  const wanted = { status: 401, path, method, host };
  const refused = await lineOf(asked, (line) => Object.entries(wanted).every(([name, value]) => line[name] === value));
  return differs([Object.keys(refused ?? {}).sort(), refused?.["route"]], [[...fields, ...more].sort(), route.id]);
}

/** A read is told with its token's id, a path that holds a token is not told, most writes are not. */
async function chosen(asked: Asked, input: GatewayInput): Promise<string | undefined> {
  const [query, push] = [targetOf(input, "cortex-query"), targetOf(input, "cortex-push")];
  await send(asked, { ...query, fields: [tokenFor(asked.world, query)] });
  const read = await lineOf(asked, (line) => line["status"] === 200);
  const wrong = differs([read?.["token"], read?.["upstream"], read?.["protocol"]], ["t1", "cortex-query", "HTTP/1.1"]);
  if (wrong !== undefined) return wrong;
  const writes = Array.from({ length: 10 }, () => send(asked, { ...push, fields: [tokenFor(asked.world, push)] }));
  await Promise.all(writes);
  await send(asked, { ...query, path: `/x;api_key=${tokenFor(asked.world, query)[1].replace("Bearer ", "")}` });
  const hidden = await lineOf(asked, (line) => line["route"] === "answer-400");
  const logged = linesOf(asked).filter((line) => line["route"] === "cortex-push").length;
  return differs([hidden?.["path"], logged < 10], ["(it holds a token)", true]);
}

/** Of good writes one in a hundred: none of 1500 would be one chance in three million. */
async function sampled(asked: Asked, input: GatewayInput): Promise<string | undefined> {
  const push = targetOf(input, "cortex-push");
  for (let i = 0; i < 60; i++)
    await Promise.all(Array.from({ length: 25 }, () => send(asked, { ...push, fields: [tokenFor(asked.world, push)] })));
  const line = await lineOf(asked, ({ route, status }) => route === "cortex-push" && status === 200);
  return line === undefined ? "no write is logged" : undefined;
}

/** The access log, and the names of routes, which are seen only there. */
export function logSpecial(input: GatewayInput, base: Listener): Special {
  return {
    name: "the access log",
    applies: ({ at }) => at.includes("access_log") || (at.includes("routes") && at[at.length - 1] === "name"),
    prepare() {},
    check(mutant: Mutant) {
      const id = routeOf(base, mutant.at);
      const target = targetsOf(input).find(({ route }) => route.id === id) ?? targetOf(input, "cortex-query");
      const rare = nameOf(mutant.at).includes("runtime_filter");
      return {
        name: rare ? "some writes are logged" : `the log of ${target.route.id}`,
        run: async (asked) => {
          if (rare) return sampled(asked, input);
          // Names of routes that answer by themselves are told too.
          if (id?.startsWith("answer-") || id === "grafana") return named(asked, input, mutant);
          return (await told(asked, target)) ?? (mutant.at.includes("access_log") ? chosen(asked, input) : undefined);
        },
      };
    },
  };
}

/** Every host has a route for the rest, and most have one for tokens in a query; each says its name. */
async function named(asked: Asked, input: GatewayInput, { at }: Mutant): Promise<string | undefined> {
  const targets = ["cortex-query", "loki-labels", "dd-validate"].map((id) => targetOf(input, id));
  const rest = targets.map(({ host }): [string, string] => [host, "answer-404"]);
  for (const [host, route] of [...rest, ["evil.example", "answer-421"], ["prod.obs.example.com", "grafana"]] as const) {
    await send(asked, { host, path: `/named-${at.length}` });
    const line = await lineOf(asked, (one) => one["host"] === host);
    if (line?.["route"] !== route) return `${host}: ${JSON.stringify(line?.["route"])} instead of ${route}`;
  }
  for (const target of targets.slice(0, 2)) {
    await send(asked, { ...target, path: `${target.path}?x=eyJa.eyJb`, fields: [tokenFor(asked.world, target)] });
    const line = await lineOf(asked, (one) => one["host"] === target.host && one["status"] === 400);
    if (line?.["route"] !== "answer-400") return `${target.host}: ${JSON.stringify(line?.["route"])} instead of answer-400`;
  }
  return undefined;
}
