import type { PlatformPrometheus } from "./platform-prometheus";

/** A matcher of a selector. */
interface Matcher {
  readonly name: string;
  readonly type: string;
  readonly value: string;
}

/** As much of Prometheus' syntax tree as our expressions have (web/api/v1/translate_ast.go of Prometheus 3.6). */
type Node =
  | { readonly type: "vectorSelector" | "matrixSelector"; readonly name: string; readonly matchers: readonly Matcher[] }
  | {
      readonly type: "aggregation";
      readonly op: string;
      readonly expr: Node;
      readonly grouping: readonly string[];
      readonly without: boolean;
    }
  | { readonly type: "call"; readonly func: { readonly name: string }; readonly args: readonly Node[] }
  | { readonly type: "binaryExpr"; readonly op: string; readonly lhs: Node; readonly rhs: Node; readonly matching: Matching | null }
  | { readonly type: "parenExpr" | "unaryExpr" | "subquery"; readonly expr: Node }
  | { readonly type: "numberLiteral" }
  | { readonly type: "stringLiteral"; readonly val: string };

interface Matching {
  readonly card: "one-to-one" | "many-to-one" | "one-to-many" | "many-to-many";
  readonly labels: readonly string[];
  readonly on: boolean;
  readonly include: readonly string[];
}

type Selector = Extract<Node, { type: "vectorSelector" | "matrixSelector" }>;

/** Labels that a vector may have; undefined: it is no vector, or nothing is known of it. */
type Labels = ReadonlySet<string> | undefined;

const union = (one: Labels, other: Labels): Labels => (one && other ? new Set([...one, ...other]) : undefined);

/** A selector as people write it, without what a dashboard's reader chooses. */
function textOf({ name, matchers }: Selector): string {
  const inside = matchers.filter((one) => one.name !== "__name__" && one.value !== "x");
  return inside.length === 0 ? name : `${name}{${inside.map((one) => `${one.name}${one.type}${JSON.stringify(one.value)}`).join(",")}}`;
}

/**
 * Follows the labels of expressions from the series that Prometheus has up to each label that a matcher, a grouping, a join or `label_replace` names.
 * What it finds: labels that the series do not have, selectors that select nothing.
 */
export class ExpressionLabels {
  private readonly known = new Map<string, Promise<Labels>>();
  /** Selectors that select nothing. */
  public readonly empty = new Set<string>();
  /** What is wrong, with the place. */
  public readonly faults = new Set<string>();

  public constructor(private readonly prometheus: PlatformPrometheus) {}

  public async read(expr: string): Promise<void> {
    await this.labels((await this.prometheus.parsed(expr)) as Node);
  }

  private need(labels: Labels, wanted: readonly string[], where: string): void {
    if (labels) for (const label of wanted) if (!labels.has(label)) this.faults.add(`${where}: no series has the label ${label}`);
  }

  private async labels(node: Node): Promise<Labels> {
    switch (node.type) {
      case "vectorSelector":
      case "matrixSelector":
        return this.selected(node);
      case "aggregation": {
        const inner = await this.labels(node.expr);
        if (["topk", "bottomk"].includes(node.op)) return inner;
        if (node.without) return inner && new Set([...inner].filter((label) => !node.grouping.includes(label)));
        this.need(inner, node.grouping, `${node.op} by (${node.grouping.join(", ")}) over ${await this.under(node.expr)}`);
        return new Set(node.grouping);
      }
      case "call":
        return this.called(node.func.name, node.args);
      case "binaryExpr":
        return this.joined(node);
      case "parenExpr":
      case "unaryExpr":
      case "subquery":
        return this.labels(node.expr);
      case "numberLiteral":
      case "stringLiteral":
        return undefined;
    }
  }

  /** Selectors below a node, for messages. */
  private async under(node: Node): Promise<string> {
    if ("expr" in node) return this.under(node.expr);
    if ("args" in node) return (await Promise.all(node.args.map((one) => this.under(one)))).filter(Boolean).join(", ");
    if ("lhs" in node) return [await this.under(node.lhs), await this.under(node.rhs)].filter(Boolean).join(", ");
    return "matchers" in node ? textOf(node) : "";
  }

  private async selected(selector: Selector): Promise<Labels> {
    const text = textOf(selector);
    const labels = await this.ofMetric(selector.name);
    this.need(labels, selector.matchers.map(({ name }) => name).filter((name) => name !== "__name__"), text); // prettier-ignore
    if ((await this.prometheus.query(`count(${text})`)).length === 0) {
      this.empty.add(text);
      return undefined;
    }
    return labels;
  }

  private ofMetric(name: string): Promise<Labels> {
    const found = this.known.get(name) ?? this.prometheus.labels(name).then((labels) => (labels.length > 0 ? new Set(labels) : undefined));
    this.known.set(name, found);
    return found;
  }

  private async called(name: string, args: readonly Node[]): Promise<Labels> {
    const inner = (await Promise.all(args.map((one) => this.labels(one)))).find((one) => one !== undefined);
    if (name === "label_replace") {
      const [, to, , from] = args.map((one) => (one.type === "stringLiteral" ? one.val : ""));
      this.need(inner, [from ?? ""], `label_replace over ${await this.under(args[0] as Node)}`);
      return inner && new Set([...inner, to ?? ""]);
    }
    if (name === "histogram_quantile") {
      this.need(inner, ["le"], await this.under(args[1] as Node));
      return inner && new Set([...inner].filter((label) => label !== "le"));
    }
    // Its labels are those of the matchers, and what we make of it names them itself.
    return name === "absent" ? undefined : inner;
  }

  private async joined({ op, lhs, rhs, matching }: Extract<Node, { type: "binaryExpr" }>): Promise<Labels> {
    const [left, right] = [await this.labels(lhs), await this.labels(rhs)];
    if (op === "or") return union(left, right);
    if (matching === null) return left ?? right;
    const where = `${op} between ${await this.under(lhs)} and ${await this.under(rhs)}`;
    if (matching.on) for (const side of [left, right]) this.need(side, matching.labels, where);
    if (op === "and" || op === "unless") return left;
    if (matching.card === "many-to-one") {
      this.need(right, matching.include, where);
      return left && new Set([...left, ...matching.include]);
    }
    if (matching.card === "one-to-many") return right && new Set([...right, ...matching.include]);
    return matching.on ? new Set(matching.labels) : left;
  }
}
