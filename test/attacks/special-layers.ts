import { setTimeout as sleep } from "node:timers/promises";
import type { GatewayInput } from "../../components/tenant/gateway/input";
import { managerOf, type Listener } from "../engine/gateway-whole";
import { differs, send, targetOf, tokenFor, type Asked } from "./good";
import { wrongAtUpstream } from "./judge";
import { nameOf, valueAt, type Mutant } from "./mutate";
import type { Special } from "./special";

/**
 * Parts behind which another part does the same: a second layer. The gateway is prepared by taking the first layer away, so that what is tried is
 * whether the second one holds alone.
 */

type Fields = Record<string, unknown>;

function providersOf(listener: Listener): Fields[] {
  const filters = managerOf(listener)["http_filters"] as { name: string; typed_config: { providers: Record<string, Fields> } }[];
  return Object.values(filters.find(({ name }) => name === "jwt")?.typed_config.providers ?? {});
}

function perFilter(listener: Listener): Record<string, Fields> {
  return (managerOf(listener)["route_config"] as { typed_per_filter_config: Record<string, Fields> }).typed_per_filter_config;
}

/** Name of the object that a mutant's part is in, that many steps up. */
function nameAbove(base: Listener, { at }: Mutant, up: number): unknown {
  return (valueAt(base, at.slice(0, -up)) as { name?: unknown } | undefined)?.name;
}

export function layers(input: GatewayInput, base: Listener): Special[] {
  const query = targetOf(input, "cortex-query");
  const on = (name: unknown) => targetOf(input, name === "dd" ? "dd-series-v2" : name === "loki" ? "loki-labels" : "cortex-query");
  const good = (asked: Asked, target = query) => send(asked, { ...target, fields: [tokenFor(asked.world, target)] });
  return [
    {
      name: "tokens without an end, where no lifetime is asked for",
      applies: ({ at }) => at[at.length - 1] === "require_expiration",
      prepare: (listener) => providersOf(listener).forEach((one) => delete one["max_lifetime"]),
      check: ({ at }) => {
        const target = on(at.includes("datadog") ? "dd" : "cortex");
        return {
          name: `no end on ${target.route.id}`,
          run: async (asked) => {
            const token = asked.world.token("without an end", target.route.scope, (mint) => mint.own({ exp: undefined })) ?? "";
            const field = target.route.host === "dd" ? (["DD-API-KEY", token] as const) : (["Authorization", `Bearer ${token}`] as const);
            return differs((await send(asked, { ...target, fields: [field] })).status, 401);
          },
        };
      },
    },
    {
      name: "the listener's own rule of subjects, where the routes' file has none",
      applies: (mutant) => /\.typed_config\.rules(\.action)?(=|$)/.test(nameOf(mutant.at)) && ruleOf(base, mutant) === "subject",
      prepare: (listener) => void delete perFilter(listener)["subject"],
      check: () => ({ name: "nobody passes", run: async (asked) => differs((await good(asked)).status, 403) }),
    },
    {
      name: "credentials that the token check leaves in",
      applies: (mutant) => {
        const host = nameAbove(base, mutant, 2);
        return (
          mutant.at[mutant.at.length - 2] === "request_headers_to_remove" &&
          host !== "grafana" &&
          valueAt(base, mutant.at) === (host === "dd" ? "dd-api-key" : "authorization")
        );
      },
      prepare: (listener) => providersOf(listener).forEach((one) => (one["forward"] = true)),
      check: (mutant) => {
        const target = on(nameAbove(base, mutant, 2));
        return {
          name: `no credential behind ${target.route.id}`,
          run: async (asked) => {
            const { status, seen } = await good(asked, target);
            return differs(status, 200) ?? (seen && wrongAtUpstream(seen, asked.owner));
          },
        };
      },
    },
    {
      name: "the bucket of requests that have no class",
      applies: ({ at }) => /rate-limit\.token_bucket\.tokens_per_fill$/.test(nameOf(at)),
      prepare: (listener) => {
        const rates = perFilter(listener)["rate-limit"] ?? {};
        rates["token_bucket"] = { max_tokens: 4, tokens_per_fill: 4, fill_interval: "1s" };
      },
      check: () => ({
        name: "it is full again",
        run: async (asked) => {
          const many = async (count: number) => {
            const sent = Array.from({ length: count }, () => send(asked, { host: query.host, path: "/x" }));
            return (await Promise.all(sent)).filter(({ status }) => status === 429).length;
          };
          const first = await many(12);
          await sleep(1200);
          return differs([first > 0, await many(4)], [true, 0]);
        },
      }),
    },
  ];
}

/** Name of the HTTP filter that a mutant's part is in. */
function ruleOf(base: Listener, { at }: Mutant): unknown {
  const here = at.indexOf("http_filters");
  return here < 0 ? undefined : (valueAt(base, at.slice(0, here + 2)) as { name?: unknown } | undefined)?.name;
}
