import type { CortexScene } from "./cortex-scene";
import type { Answer } from "./program";

/** An OTLP write of one gauge, as JSON. */
export function otlp(metric: string, value: number): string {
  // Cortex evaluates instant queries at whole seconds.
  const timeUnixNano = `${Math.floor(Date.now() / 1000)}000000000`;
  const metrics = [{ name: metric, gauge: { dataPoints: [{ timeUnixNano, asDouble: value }] } }];
  return JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });
}

/** Values of an instant query's answer; `patient`: none while it fails. */
export function values({ status, text }: Answer, patient = false): string[] {
  if (status !== 200 && patient) return [];
  if (status !== 200) throw new Error(`${status} ${text}`);
  return (JSON.parse(text) as { data: { result: { value: [number, string] }[] } }).data.result.map((one) => one.value[1]);
}

/** Samples that a part exports, by the beginning of their lines. */
export async function metricsOf(scene: CortexScene, part: string, start: string): Promise<string[]> {
  const { text } = await scene.as("metrics", part, "/metrics");
  return text.split("\n").filter((line) => line.startsWith(start));
}
