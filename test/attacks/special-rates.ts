import { setTimeout as sleep } from "node:timers/promises";
import type { GatewayInput } from "../../components/tenant/gateway/input";
import { limitClasses } from "../../model/routes";
import { managerOf, type Listener } from "../engine/gateway-whole";
import type { Target } from "./attack";
import { differs, send, tokenFor, valueOf } from "./good";
import { nameOf, valueAt, type Mutant } from "./mutate";
import type { Special } from "./special";
import { targetsOf } from "./targets";

type Fields = Record<string, unknown>;

/** Rates of the gateway, small enough to be used up. */
export function rates(input: GatewayInput, base: Listener, target: (mutant: Mutant) => Target): Special {
  const perSecond = 10;
  const isRate = /rate-limit|\.metadata(\.filter_metadata)?(\.tenantstack)?(\.class)?$/;
  return {
    name: "rates",
    applies: ({ at }) =>
      isRate.test(nameOf(at)) || (at[at.length - 2] === "http_filters" && (valueAt(base, at) as { name?: unknown }).name === "rate-limit"),
    prepare(listener) {
      const config = managerOf(listener)["route_config"] as {
        typed_per_filter_config?: Record<string, { descriptors?: { token_bucket: Fields }[] }>;
      };
      for (const one of config.typed_per_filter_config?.["rate-limit"]?.descriptors ?? [])
        one.token_bucket = { max_tokens: 3, tokens_per_fill: perSecond * 10, fill_interval: "10s" };
    },
    check: (mutant) => ({
      name: `a rate that is used up${mutant.at.includes("metadata") ? ` on ${target(mutant).route.id}` : ""}`,
      async run(asked) {
        const classes = mutant.at.includes("metadata") ? [target(mutant)] : limitClasses.map((name) => firstOf(input, name));
        for (const one of classes) {
          const sent = { ...one, fields: [tokenFor(asked.world, one)] };
          const came = await Promise.all(Array.from({ length: 8 }, () => send(asked, sent)));
          const refused = came.find(({ status }) => status === 429);
          const wrong = differs([came.some(({ status }) => status === 200), refused && valueOf(refused, "retry-after")], [true, ["1"]]);
          if (wrong !== undefined) return `${one.route.limit}: ${wrong}`;
          await sleep(400);
          const again = await send(asked, sent);
          if (again.status !== 200) return `${one.route.limit} after a while: ${again.status}`;
        }
        return undefined;
      },
    }),
  };
}

function firstOf(input: GatewayInput, limit: string): Target {
  const one = targetsOf(input).find(({ route }) => route.limit === limit);
  if (one === undefined) throw new Error(`no route of class ${limit}`);
  return one;
}
