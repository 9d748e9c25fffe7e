import { consoleReporter, formatSeconds, silentReporter } from "../../embedded/console";

function stream(isTTY: boolean, columns = 80) {
  const written: string[] = [];
  return { written, out: { isTTY, columns, write: (text: string) => written.push(text) } };
}

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

test.each([
  [0.42, "0.4 s"],
  [12.4, "12 s"],
  [59.6, "1 min"],
  [259, "4 min 19 s"],
])("%d seconds read %s", (seconds, text) => expect(formatSeconds(seconds)).toBe(text));

test("a log gets a line at the start, a heartbeat every 30 s and a line at the end", () => {
  const { written, out } = stream(false);
  const step = consoleReporter(out).step("Building kwok", 90);
  step.progress("12 packages");
  jest.advanceTimersByTime(65_000);
  step.done();
  step.fail("too late");
  jest.advanceTimersByTime(65_000);
  expect(written).toEqual([
    "  … Building kwok (about 1 min 30 s)\n",
    "  … Building kwok  30 s of about 1 min 30 s  12 packages\n",
    "  … Building kwok  1 min of about 1 min 30 s  12 packages\n",
    "  ✓ Building kwok  1 min 5 s\n",
  ]);
});

test("a terminal's line is rewritten, cut to its width, and gives way to what stays", () => {
  const { written, out } = stream(true, 30);
  const reporter = consoleReporter(out);
  const step = reporter.step("Building a program of a long name");
  jest.advanceTimersByTime(600);
  expect(written.every((text) => !text.includes("\n") && text.length <= 29 + "\r\x1b[2K".length)).toBe(true);
  expect(written.length).toBeGreaterThan(1);
  reporter.note("a note");
  expect(written).toContain("  a note\n");
  expect(written.at(-1)).toMatch(/Building a program/);
  step.fail("no reason");
  expect(written.at(-1)).toBe("  ✗ Building a program of a long name: no reason  0.6 s\n");
  const count = written.length;
  jest.advanceTimersByTime(5000);
  expect(written).toHaveLength(count);
});

test("of overlapping steps the youngest running one is shown", () => {
  const { written, out } = stream(true);
  const reporter = consoleReporter(out);
  const first = reporter.step("first");
  const second = reporter.step("second");
  second.done();
  expect(written.at(-1)).toMatch(/… first/);
  first.done("first is done");
  expect(written.at(-1)).toMatch(/✓ first is done/);
});

test("the silent reporter takes everything", () => {
  silentReporter.note("x");
  const step = silentReporter.step("x", 1);
  step.progress("x");
  step.done();
  step.fail("x");
});
