import { BinaryWriter } from "google-protobuf";

/**
 * What clients send to stores: requests of Prometheus' remote write (prompb/remote.proto, version 1) and of Loki's push (logproto/push.proto), both as
 * Snappy, here in blocks that compress nothing.
 */

type Label = readonly [name: string, value: string];

/** One series of a size that Kubernetes' metrics have: twelve labels, 270 bytes. */
function labelsOf(series: number): Label[] {
  const pod = Math.floor(series / 50);
  return [
    ["__name__", `http_server_requests_seconds_${series % 10}`],
    ["cluster", "production-eu-west-1"],
    ["container", "application"],
    ["endpoint", "http-metrics"],
    ["instance", `10.${(pod >> 8) & 255}.${pod & 255}.17:8080`],
    ["job", "shop/application"],
    ["method", ["GET", "POST", "PUT", "PATCH", "DELETE"][series % 5] ?? ""],
    ["namespace", "shop-production"],
    ["pod", `application-5d8f7c9b6-${pod.toString(36).padStart(5, "x")}`],
    ["route", `/api/v1/orders/{order}/positions/${Math.floor(series / 10) % 5}`],
    ["service", "application-metrics"],
    ["status", String(200 + (series % 4))],
  ];
}

/** A sample of each series from `from` on, at one time (milliseconds). */
export function samples(from: number, count: number, time: number): Buffer {
  const request = new BinaryWriter();
  for (let series = from; series < from + count; series++)
    request.writeMessage(1, series, (_: number, one: BinaryWriter) => {
      for (const [name, value] of labelsOf(series))
        one.writeMessage(1, name, () => {
          one.writeString(1, name);
          one.writeString(2, value);
        });
      one.writeMessage(2, series, () => {
        one.writeDouble(1, Math.sin(series + time / 60_000));
        one.writeInt64(2, time);
      });
    });
  return snappy(Buffer.from(request.getResultBuffer()));
}

/** One line in each of some streams; nanoseconds count up so that no two lines are the same. */
export function lines(streams: readonly string[], text: readonly string[], time: number): Buffer {
  const request = new BinaryWriter();
  for (const labels of streams)
    request.writeMessage(1, labels, (_: string, stream: BinaryWriter) => {
      stream.writeString(1, labels);
      text.forEach((line, n) =>
        stream.writeMessage(2, line, () => {
          stream.writeMessage(1, n, () => {
            stream.writeInt64(1, Math.floor(time / 1000));
            stream.writeInt32(2, (time % 1000) * 1_000_000 + n);
          });
          stream.writeString(2, line);
        }),
      );
    });
  return snappy(Buffer.from(request.getResultBuffer()));
}

/** Snappy's block format (google/snappy, format_description.txt): the length, then literals of up to 64 KiB. */
function snappy(data: Buffer): Buffer {
  const length: number[] = [];
  for (let rest = data.length; ; rest = Math.floor(rest / 128)) {
    length.push(rest >= 128 ? (rest % 128) + 128 : rest);
    if (rest < 128) break;
  }
  const parts: Buffer[] = [Buffer.from(length)];
  for (let at = 0; at < data.length; at += 65_536) {
    const literal = data.subarray(at, at + 65_536);
    const tag = Buffer.from([61 << 2, 0, 0]);
    tag.writeUInt16LE(literal.length - 1, 1);
    parts.push(tag, literal);
  }
  return Buffer.concat(parts);
}
