import fc from "fast-check";
import { suggest } from "../../model/suggest";
import { formatDuration, formatQuantity, parseDuration, parseQuantity } from "../../model/units";

const remedyOf = (parsed: ReturnType<typeof parseQuantity>) => ("remedy" in parsed ? parsed.remedy : `accepted as ${parsed.value}`);

describe("quantities", () => {
  test.each([
    ["500k", 500_000],
    ["5M", 5_000_000],
    ["1.1M", 1_100_000],
    ["2.3k", 2_300],
    ["1G", 1e9],
    ["4", 4],
    [4, 4],
    [1.5, 1.5],
    ["0.5", 0.5],
    ["007", 7],
  ])("%p is %p", (written, value) => expect(parseQuantity(written)).toEqual({ value }));

  test.each([
    ["5m", /write 5M for millions/],
    ["500K", /Write 500k/],
    ["500Ki", /Write 500k/],
    ["5Mi", /Write 5M/],
    ["2g", /Write 2G/],
    ["1,000", /Write 1000/],
    ["1_000k", /Write 1000k/],
    ["5 M", /Write 5M/],
    ["0", /state: suspended/],
    [0, /state: suspended/],
    ["-5", /for example 500k/],
    ["1e6", /for example 500k/],
    ["", /for example 500k/],
    [null, /for example 500k/],
    [Infinity, /for example 500k/],
    [NaN, /for example 500k/],
    [true, /for example 500k/],
    ["999999999999999G", /smaller number/],
  ])("%p is refused with a remedy", (written, remedy) => expect(remedyOf(parseQuantity(written))).toMatch(remedy));

  test("format and parse are inverse", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 1e12 }), (value) => expect(parseQuantity(formatQuantity(value))).toEqual({ value })));
    expect([500_000, 1_250, 1_234_567, 5_000_000, 999, 1.5].map(formatQuantity)).toEqual([
      "500k",
      "1.25k",
      "1234.567k",
      "5M",
      "999",
      "1.5",
    ]);
  });

  test("spellings of one number agree", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999 }), (value) => {
        const spellings = [`${value}k`, `${value * 1000}`, value * 1000, `${(value / 1000).toFixed(3)}M`, `${(value / 1e6).toFixed(6)}G`];
        for (const spelling of spellings) expect(parseQuantity(spelling)).toEqual({ value: value * 1000 });
      }),
    );
  });
});

describe("durations", () => {
  test.each([
    ["90d", 7_776_000],
    ["24h", 86_400],
    ["30m", 1_800],
  ])("%p is %p seconds", (written, value) => expect(parseDuration(written)).toEqual({ value }));

  test.each([
    ["90", /Write 90d/],
    [90, /Write 90d/],
    ["2w", /Write 14d/],
    ["1y", /Write 365d/],
    ["3M", /M is not a unit of time: write 90d for months or 3m for minutes/],
    ["90D", /Write 90d/],
    ["90 d", /Write 90d/],
    ["90 days", /Write 90d/],
    ["2 months", /Write 60d/],
    ["0d", /for example 90d/],
    ["1.5h", /for example 90d/],
    ["1d12h", /for example 90d/],
    ["-1d", /for example 90d/],
    [undefined, /for example 90d/],
  ])("%p is refused with a remedy", (written, remedy) => expect(remedyOf(parseDuration(written))).toMatch(remedy));

  test("format and parse are inverse", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000_000 }), (minutes) =>
        expect(parseDuration(formatDuration(minutes * 60))).toEqual({ value: minutes * 60 }),
      ),
    );
    expect([86_400, 5_400, 7_200, 61].map(formatDuration)).toEqual(["1d", "90m", "2h", "61s"]);
  });
});

test("suggestions are near, or none", () => {
  const known = ["samplesPerSecond", "activeSeries", "tier", "keys", "owner"];
  expect(
    ["sampelsPerSecond", "SamplesPerSecond", "activeseries", "teir", "key", "ower", "own"].map((word) => suggest(word, known)),
  ).toEqual(["samplesPerSecond", "samplesPerSecond", "activeSeries", "tier", "keys", "owner", "owner"]);
  expect(["zebra", "a", "password"].map((word) => suggest(word, known))).toEqual([undefined, undefined, undefined]);
});
