import { distributed, type Component, type Dimension, type SystemName } from "../../model/capacity-figures";
import { limitsFiles } from "../../model/limits";
import { Store } from "../stores/limits-kit";
import { good, minimal } from "../unit/model-kit";
import { lines, samples } from "./writes";

/**
 * What a series, a sample, a stream and a megabyte of lines cost the real stores, against what the capacity plan gives them: the plan must not give
 * less. One process of size single does the work of distributor and ingester, so it is held against both together.
 */
jest.setTimeout(300_000);

const limits = "limits: {metrics: {activeSeries: 5M, samplesPerSecond: 5M}, logs: {megabytesPerSecond: 1000, streams: 100k}}\n";
const cortexTenant = good(`${minimal}tier: large\n${limits}`, "alpha");
const thanosTenant = good(`${minimal}tier: large\nmetrics: thanos\n${limits}`, "alpha");
const snappy = { "content-type": "application/x-protobuf", "content-encoding": "snappy" };

type Amount = "memory" | "cpu";
/** What the plan gives a component for one of a dimension: bytes, or seconds of a core for each second. */
function planned(system: SystemName, name: string, dimension: Dimension, of: Amount): number {
  const { pod, holds } = distributed[system].find((one) => one.name === name) as Component;
  const each = holds.find((one) => one.dimension === dimension)?.each ?? NaN;
  return (of === "memory" ? pod.memory * 2 ** 30 : pod.cpu) / each;
}

/** What a process has in use once garbage is gone, in bytes: half of what Go lets it grow to (GOGC=100, https://go.dev/doc/gc-guide). */
async function live(store: Store): Promise<number> {
  await store.ask("/debug/pprof/heap?gc=1");
  await store.ask("/debug/pprof/heap?gc=1");
  return (await store.metric("go_memstats_heap_inuse_bytes")) + (await store.metric("go_memstats_stack_inuse_bytes"));
}

interface Cost {
  readonly measured: number;
  readonly given: number;
}

function told(what: string, unit: "bytes" | "µs of a core", { measured, given }: Cost): void {
  const short = (value: number) => `${Number((unit === "bytes" ? value : value * 1e6).toPrecision(3))}`;
  process.stderr.write(`   ${what}: ${short(measured)} ${unit}, the plan gives ${short(given)} (${(given / measured).toFixed(1)} times)\n`);
}

/** Pushes series in requests as large as Prometheus' (2,000 samples). */
async function pushSeries(send: (body: Buffer) => Promise<number>, from: number, to: number, time: number): Promise<void> {
  for (let at = from; at < to; at += 2_000) {
    const status = await send(samples(at, Math.min(2_000, to - at), time));
    if (status >= 300) throw new Error(`a push was answered ${status}`);
  }
}

/** Bytes a series and CPU seconds a sample, beyond what the process needs by itself. */
async function metricsCost(store: Store, send: (body: Buffer) => Promise<number>): Promise<{ series: number; sample: number }> {
  const [few, many, rounds] = [5_000, 55_000, 3];
  const began = Date.now() - rounds * 15_000;
  await pushSeries(send, 0, few, began);
  const before = await live(store);
  await pushSeries(send, few, many, began);
  const series = ((await live(store)) - before) / (many - few);
  const cpu = await store.metric("process_cpu_seconds_total");
  for (let round = 1; round <= rounds; round++) await pushSeries(send, 0, many, began + round * 15_000);
  return { series, sample: ((await store.metric("process_cpu_seconds_total")) - cpu) / (rounds * many) };
}

test("Cortex: a series and a sample", async () => {
  const store = await Store.cortex([limitsFiles([cortexTenant], [], "single").cortex]);
  try {
    const send = async (body: Buffer) =>
      (await store.ask("/api/v1/push", { tenant: "alpha", method: "POST", body, headers: snappy })).status;
    const { series, sample } = await metricsCost(store, send);
    const given = {
      series: planned("cortex", "ingester", "series", "memory"),
      sample: planned("cortex", "ingester", "samples", "cpu") + planned("cortex", "distributor", "samples", "cpu"),
    };
    told("Cortex, a series", "bytes", { measured: series, given: given.series });
    told("Cortex, a sample", "µs of a core", { measured: sample, given: given.sample });
    expect(2 * series).toBeLessThan(given.series);
    expect(sample).toBeLessThan(given.sample);
  } finally {
    await store.stop();
  }
});

test("Thanos receive: a series and a sample", async () => {
  const file = limitsFiles([thanosTenant], [], "single", (tenants) => ({ write: { default: { request: { samples_limit: 1 } }, tenants } }));
  const store = await Store.receive([file.thanos]);
  try {
    const send = async (body: Buffer) =>
      (await fetch(`${store.writes}/api/v1/receive`, { method: "POST", body, headers: { ...snappy, "THANOS-TENANT": "alpha" } })).status;
    const { series, sample } = await metricsCost(store, send);
    const given = {
      series: planned("thanos", "receive-ingestor", "series", "memory"),
      sample: planned("thanos", "receive-ingestor", "samples", "cpu") + planned("thanos", "receive-router", "samples", "cpu"),
    };
    told("Thanos, a series", "bytes", { measured: series, given: given.series });
    told("Thanos, a sample", "µs of a core", { measured: sample, given: given.sample });
    expect(2 * series).toBeLessThan(given.series);
    expect(sample).toBeLessThan(given.sample);
  } finally {
    await store.stop();
  }
});

test("Loki: a stream and a megabyte", async () => {
  const store = await Store.loki([...limitsFiles([cortexTenant], [], "single").loki]);
  try {
    const push = async (body: Buffer) => {
      const { status, text } = await store.ask("/loki/api/v1/push", { tenant: "alpha", method: "POST", body, headers: snappy });
      if (status >= 300) throw new Error(`a push was answered ${status}: ${text.slice(0, 300)}`);
    };
    const streams = (from: number, to: number) =>
      Array.from(
        { length: to - from },
        (_, n) => `{cluster="production-eu-west-1", namespace="shop-production", pod="application-${from + n}"}`,
      );
    const line = (n: number) =>
      `level=info ts=${n} caller=http.go:194 msg="request served" path=/api/v1/orders/${n * 7919} status=200 took=${n % 97}ms`;
    const text = (from: number, count: number) => Array.from({ length: count }, (_, n) => line(from + n));
    await push(lines(streams(0, 1_000), text(0, 1), Date.now()));
    const before = await live(store);
    for (let at = 1_000; at < 11_000; at += 1_000) await push(lines(streams(at, at + 1_000), text(at, 1), Date.now()));
    const stream = ((await live(store)) - before) / 10_000;
    const cpu = await store.metric("process_cpu_seconds_total");
    let bytes = 0;
    for (let round = 0; round < 30; round++) {
      // 100 streams, 100 lines each: about a megabyte.
      const body = text(round * 100, 100);
      bytes += 100 * body.reduce((sum, one) => sum + one.length, 0);
      await push(lines(streams(0, 100), body, Date.now()));
    }
    const megabyte = ((await store.metric("process_cpu_seconds_total")) - cpu) / (bytes / 1e6);
    const given = {
      stream: planned("loki", "ingester", "streams", "memory"),
      megabyte: planned("loki", "ingester", "megabytes", "cpu") + planned("loki", "distributor", "megabytes", "cpu"),
    };
    told("Loki, a stream that is opened", "bytes", { measured: stream, given: given.stream });
    told("Loki, a megabyte", "µs of a core", { measured: megabyte, given: given.megabyte });
    expect(2 * stream).toBeLessThan(given.stream);
    expect(megabyte).toBeLessThan(given.megabyte);
  } finally {
    await store.stop();
  }
});
