import { toJsonLine } from "../text";

/** A query of a panel. `legend` is Grafana's template of the series' name. */
export interface Query {
  readonly expr: string;
  readonly legend?: string;
}

export interface Panel {
  readonly title: string;
  /** What a reader must know to read it right. */
  readonly note?: string;
  readonly kind?: "timeseries" | "stat" | "table";
  /** Unit as Grafana calls it; default: plain numbers. */
  readonly unit?: string;
  /** Columns of 24; default 8. */
  readonly width?: number;
  readonly queries: readonly Query[];
  /** Default: Prometheus' data; `logs`: a LogQL query in `expr`. */
  readonly source?: "metrics" | "logs";
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** A choice at the top: values of a label of a series, by which the panels' queries select with `$name`. */
export interface Variable {
  readonly name: string;
  readonly values: string;
}

export interface Dashboard {
  /** Stable: links and people's stars hang on it. */
  readonly uid: string;
  readonly title: string;
  readonly variables?: readonly Variable[];
  /** Default the last six hours. */
  readonly from?: string;
  readonly rows: readonly Row[];
}

const height = 8;
const columns = 24;

/** Ids of datasources as the tenant room provisions them (`grafana-config.ts`). */
const datasource = (source: "metrics" | "logs") =>
  source === "metrics" ? { type: "prometheus", uid: "metrics" } : { type: "loki", uid: "logs" };

/**
 * A dashboard as Grafana's provisioning reads it: plain JSON with sorted keys and a line for each panel, so that a diff shows only what changed and a
 * thousand tenants' do not fill the state with spaces. Shape: Grafana's "Dashboard JSON model", schema 41.
 */
export function dashboardJson({ uid, title, variables = [], from = "now-6h", rows }: Dashboard): string {
  let id = 0;
  let y = 0;
  const panels: object[] = [];
  for (const row of rows) {
    panels.push({ id: ++id, type: "row", title: row.title, collapsed: false, gridPos: { x: 0, y, w: columns, h: 1 }, panels: [] });
    y += 1;
    let x = 0;
    for (const panel of row.panels) {
      const w = panel.width ?? 8;
      if (x + w > columns) [x, y] = [0, y + height];
      panels.push(panelJson(panel, ++id, { x, y, w, h: height }));
      x += w;
    }
    y += height;
  }
  const lines = (list: readonly object[]) => list.map(toJsonLine).join(",\n");
  const rest = toJsonLine({
    uid,
    title,
    tags: ["tenantstack"],
    schemaVersion: 41,
    editable: false,
    graphTooltip: 1,
    refresh: "1m",
    time: { from, to: "now" },
    timezone: "utc",
    templating: { list: variables.map(variableJson) },
    annotations: { list: [] },
  });
  return `${rest.slice(0, -1)},"panels":[\n${lines(panels)}\n]}\n`;
}

function variableJson({ name, values }: Variable): object {
  return {
    name,
    label: name,
    type: "query",
    datasource: datasource("metrics"),
    query: { query: values, refId: name },
    refresh: 2,
    sort: 1,
  };
}

function panelJson(panel: Panel, id: number, gridPos: object): object {
  const { title, note, kind = "timeseries", unit = "short", queries, source = "metrics" } = panel;
  const isTable = kind === "table";
  return {
    id,
    type: source === "logs" ? "logs" : kind,
    title,
    ...(note !== undefined && { description: note }),
    gridPos,
    datasource: datasource(source),
    fieldConfig: {
      defaults: { unit, ...(kind === "timeseries" && { custom: { fillOpacity: 10, showPoints: "never" }, min: 0 }) },
      overrides: [],
    },
    options: optionsOf(kind, source),
    targets: queries.map(({ expr, legend }, i) => ({
      refId: String.fromCharCode("A".charCodeAt(0) + i),
      expr,
      ...(legend !== undefined && { legendFormat: legend }),
      ...(source === "metrics" && (kind === "timeseries" ? { range: true } : { instant: true, ...(isTable && { format: "table" }) })),
    })),
    // One row for each set of labels, one column for each query.
    ...(isTable && {
      transformations: [
        { id: "merge", options: {} },
        { id: "organize", options: { excludeByName: { Time: true } } },
      ],
    }),
  };
}

function optionsOf(kind: string, source: string): object {
  if (source === "logs") return { showTime: true, sortOrder: "Descending" };
  if (kind === "timeseries") return { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } };
  return kind === "stat" ? { reduceOptions: { calcs: ["lastNotNull"] }, colorMode: "none" } : {};
}

/** Every PromQL text of a dashboard as Prometheus would see it: choices and Grafana's own variables filled in with something. */
export function queriesOf({ variables = [], rows }: Dashboard): string[] {
  const filled = (expr: string) =>
    variables.reduce((text, { name }) => text.replaceAll(`$${name}`, "x"), expr).replaceAll("$__range", "1h");
  return rows.flatMap(({ panels }) =>
    panels.filter(({ source }) => source !== "logs").flatMap(({ queries }) => queries.map(({ expr }) => filled(expr))),
  );
}
