import { toYaml } from "../text";

/** A series that Prometheus computes and stores under a name of its own. Names: level:metric:operation (Prometheus' page on recording rules). */
export interface Recording {
  readonly record: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** `critical`: somebody loses data or is refused now, or will within hours; `warning`: to be looked at within a working day. `none`: only the watchdog. */
export type Severity = "critical" | "warning" | "none";

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  /** How long it must hold, in Prometheus' notation; undefined: at once. */
  readonly for?: string;
  readonly severity: Severity;
  /** One line without figures: what is wrong. */
  readonly summary: string;
  /** One or two sentences with the numbers; Prometheus' template language. */
  readonly description: string;
  /** What to do, for docs/alerts.md. */
  readonly runbook: string;
}

export interface RuleGroup {
  readonly name: string;
  /** How often it is evaluated; undefined: as Prometheus is told, every 30 s. */
  readonly interval?: string;
  readonly rules: readonly (Recording | Alert)[];
}

/** What an operator is led to from a notification. */
export const alertsPage = "docs/alerts.md";

/** The anchor of an alert on its page, as GitHub and most renderers make it from the heading. */
export function anchorOf(alert: string): string {
  return alert.toLowerCase();
}

/** One rule as Prometheus reads it. */
function plain(rule: Recording | Alert): object {
  if ("record" in rule) return { record: rule.record, expr: rule.expr, ...(rule.labels && { labels: { ...rule.labels } }) };
  return {
    alert: rule.alert,
    expr: rule.expr,
    ...(rule.for !== undefined && { for: rule.for }),
    labels: { severity: rule.severity },
    annotations: { summary: rule.summary, description: rule.description, runbook: `${alertsPage}#${anchorOf(rule.alert)}` },
  };
}

/** Groups as a rule file and a PrometheusRule's `spec` hold them. */
export function ruleSpec(groups: readonly RuleGroup[]): { groups: object[] } {
  return {
    groups: groups.map(({ name, interval, rules }) => ({ name, ...(interval !== undefined && { interval }), rules: rules.map(plain) })),
  };
}

/** Groups as the text of a rule file. */
export function ruleFile(groups: readonly RuleGroup[]): string {
  return toYaml(ruleSpec(groups));
}

/** The alerts of some groups, in their order. */
export function alertsOf(groups: readonly RuleGroup[]): Alert[] {
  return groups.flatMap((group) => group.rules.filter((rule): rule is Alert => "alert" in rule));
}

/** The recording rules of some groups, in their order. */
export function recordingsOf(groups: readonly RuleGroup[]): Recording[] {
  return groups.flatMap((group) => group.rules.filter((rule): rule is Recording => "record" in rule));
}
