import type { GatewayInput } from "../../components/tenant/gateway/input";
import type { Listener } from "../engine/gateway-whole";
import type { Attack, Target } from "./attack";
import type { Farm } from "./farm";
import { featureChecks } from "./features";
import { hostChecks, routeChecks, type Asked, type Check } from "./good";
import { attacks } from "./list";
import { mutated, valueAt, type Mutant } from "./mutate";
import { routeOf, specials, type Special } from "./special";
import { routeTargets } from "./targets";
import { Attacker } from "./tries";
import type { World } from "./world";

/** What a run of mutants came to. */
export interface Result {
  killed: number;
  refused: number;
  readonly survivors: string[];
}

/** Routes on which mutants are attacked: one that reads, one that writes, one with placeholders, and one of each other host. */
const attacked = [
  "cortex-query",
  "cortex-push",
  "cortex-grafana-rules-group",
  "loki-labels",
  "dd-series-v2",
  "thanos-query",
  "thanos-push",
];

export function attackChecks(input: GatewayInput): Check[] {
  const targets = routeTargets(input).filter(({ route }) => attacked.includes(route.id));
  return attacks.flatMap((attack) => targets.map((target) => attackCheck(attack, target)));
}

function attackCheck(attack: Attack, target: Target): Check {
  return { name: `${attack[0]} on ${target.route.id}`, run: ({ attacker }) => attacker.try(attack, target) };
}

interface Plant {
  readonly mutant: Mutant;
  readonly special: Special | undefined;
  readonly name: string;
}

/** Mutants in one update of a farm. */
const batch = 60;

/** Grows mutants and looks for one check that each fails. */
export class Killer {
  private readonly checks: Check[];
  private readonly byRoute: Map<string, Check[]>;
  private readonly features: Check[];
  private readonly targets: Target[];
  private readonly specials: Special[];
  private next = 0;
  /** What its special check did not miss: the others may. */
  private readonly again: Mutant[] = [];
  private readonly result: Result = { killed: 0, refused: 0, survivors: [] };

  public constructor(
    private readonly world: World,
    private readonly input: GatewayInput,
    private readonly base: Listener,
  ) {
    const features = (this.features = featureChecks(input));
    this.targets = routeTargets(input);
    const routes = routeChecks(input);
    this.checks = [...features, ...hostChecks(input), ...attackChecks(input), ...routes];
    this.byRoute = new Map();
    for (const check of [...routes, ...features])
      if (check.route !== undefined) this.byRoute.set(check.route, [...(this.byRoute.get(check.route) ?? []), check]);
    this.specials = specials(input, base);
  }

  public async run(farms: readonly Farm[], mutants: readonly Mutant[]): Promise<Result> {
    const plants = mutants.map((mutant) => this.plant(mutant, this.specialOf(mutant)));
    const slow = plants.filter(({ special }) => special?.slow === true);
    const fast = plants.filter(({ special }) => special?.slow !== true);
    const [beside, ...rest] = farms;
    const batches = Array.from({ length: Math.ceil(fast.length / batch) }, (_, i) => fast.slice(i * batch, (i + 1) * batch));
    const work = async (farm: Farm): Promise<void> => {
      for (let one = batches.shift(); one !== undefined; one = batches.shift()) await this.grow(farm, one, 6);
    };
    await Promise.all([...rest.map(work), beside && this.grow(beside, slow, slow.length)]);
    const again = this.again.map((mutant) => this.plant(mutant, undefined));
    await Promise.all(
      rest.map((farm, i) =>
        this.grow(
          farm,
          again.filter((_, at) => at % rest.length === i),
          6,
        ),
      ),
    );
    return this.result;
  }

  private specialOf(mutant: Mutant): Special | undefined {
    return this.specials.find((one) => one.applies(mutant));
  }

  private plant(mutant: Mutant, special: Special | undefined): Plant {
    return { mutant, special, name: `m${++this.next}` };
  }

  /** Made when it is grown: all at once would not fit into memory. */
  private listenerOf({ mutant, special, name }: Plant): Listener {
    const prepared = structuredClone(this.base);
    special?.prepare(prepared);
    return { ...mutated(prepared, mutant), name };
  }

  /** What is wrong with the gateway that lacks nothing, and with each prepared one: it must pass what mutants must fail. */
  public async control(farm: Farm, mutants: readonly Mutant[]): Promise<string[]> {
    const about = new Map<Special | undefined, Check[]>([[undefined, this.checks]]);
    for (const mutant of mutants) {
      const special = this.specialOf(mutant);
      if (special === undefined) continue;
      const check = special.check(mutant);
      const known = about.get(special) ?? [];
      if (known.every(({ name }) => name !== check.name)) about.set(special, [...known, check]);
    }
    const plants = [...about].map(([special, checks]) => {
      const listener = structuredClone(this.base);
      special?.prepare(listener);
      return { special, checks, listener: { ...listener, name: `c${++this.next}` } };
    });
    const grown = await farm.grow(plants.map(({ listener }) => listener));
    const wrong = plants.map(async ({ special, checks, listener: { name } }) => {
      const what = grown.get(name);
      if (what === undefined || "refused" in what) return [`${special?.name}: ${what?.refused}`];
      const asked = this.asked(farm, name, what.port);
      const said: string[] = [];
      const queue = [...checks];
      await Promise.all(
        Array.from({ length: special === undefined ? 16 : special.slow ? checks.length : 1 }, async () => {
          for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
            const bad = await one.run(asked).catch((error: unknown) => String(error));
            if (bad !== undefined) said.push(`${special?.name ?? "unchanged"}: ${one.name}: ${bad}`);
          }
        }),
      );
      asked.attacker.close();
      return said;
    });
    return (await Promise.all(wrong)).flat();
  }

  private asked(farm: Farm, name: string, port: number): Asked {
    const owner = this.world.ownerOf(this.input);
    return { world: this.world, port, owner, attacker: new Attacker(this.world, { port, owner }), log: () => farm.accessLog(name) };
  }

  private async grow(farm: Farm, plants: readonly Plant[], atOnce: number): Promise<void> {
    const grown = await farm.grow(plants.map((plant) => this.listenerOf(plant)));
    const queue = [...plants];
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
          const what = grown.get(one.name);
          if (what === undefined || "refused" in what) this.result.refused++;
          else if (await this.kill(farm, one, what.port)) this.result.killed++;
          else if (one.special !== undefined) this.again.push(one.mutant);
          else this.result.survivors.push(one.mutant.name);
        }
      }),
    );
  }

  private async kill(farm: Farm, { mutant, special, name }: Plant, port: number): Promise<boolean> {
    const asked = this.asked(farm, name, port);
    const checks = this.order(mutant, special);
    let killed = false;
    // One after the other at first, as most mutants fall early.
    const look = async (limit: number): Promise<void> => {
      for (let i = 0; i < limit && !killed; i++) {
        const next = checks.next();
        if (next.done === true) return;
        const check = next.value;
        const said = await check.run(asked).catch((error: unknown) => String(error));
        if (said === undefined || killed) continue;
        killed = true;
        this.first(check);
      }
    };
    await look(20);
    await Promise.all(Array.from({ length: 12 }, () => look(Infinity)));
    asked.attacker.close();
    return killed;
  }

  /** The likely ones first: what the part is about, what has killed of late. A part of one route is sought at that route only. */
  private *order(mutant: Mutant, special: Special | undefined): Generator<Check, void> {
    if (special !== undefined) {
      yield special.check(mutant);
      return;
    }
    const id = routeOf(this.base, mutant.at);
    const target = this.targets.find(({ route }) => route.id === id);
    const own = this.byRoute.get(id ?? "") ?? [];
    yield* own;
    const rest = target === undefined ? [...this.checks] : [...attacks.map((attack) => attackCheck(attack, target)), ...this.features];
    const removed = valueAt(this.base, mutant.at);
    const named = (check: Check): boolean => typeof removed === "string" && check.name.toLowerCase().includes(removed.toLowerCase());
    yield* rest.filter((check) => named(check));
    yield* rest.filter((check) => !named(check) && !own.includes(check));
  }

  private first(check: Check): void {
    const at = this.checks.indexOf(check);
    if (at <= 0) return;
    this.checks.splice(at, 1);
    this.checks.unshift(check);
  }
}
