/**
 * How long work shows itself: one line per step with elapsed and expected time. On a terminal the line of the running step is rewritten;
 * elsewhere (CI logs) each step prints a line at its start, one at its end and a heartbeat between, so that no log is silent for long.
 */

/** A step that has begun. Call `done` or `fail` once; later calls are ignored. */
export interface Step {
  /** Ends the step well; `text` replaces the step's own text in the closing line. */
  done(text?: string): void;
  /** Ends the step badly; `text` says what went wrong in one line. */
  fail(text: string): void;
  /** What the step does just now ("12 of 80 MB"); shown beside its text, never on a line of its own outside a terminal. */
  progress(text: string): void;
}

/** Where the embedded rooms say what they do. */
export interface Reporter {
  /** One line, what is done now; `expectSeconds` is what it usually takes on a two-core machine. */
  step(text: string, expectSeconds?: number): Step;
  /** One line that stays. */
  note(text: string): void;
}

/** The part of a stream that the reporter needs; `process.stderr` is one. */
export interface ConsoleStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const heartbeatMilliseconds = 30_000;
const redrawMilliseconds = 500;

/** Seconds as people read them: `0.4 s`, `12 s`, `4 min 19 s`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 1) return `${Math.max(0, seconds).toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const rest = whole % 60;
  return rest === 0 ? `${whole / 60} min` : `${Math.floor(whole / 60)} min ${rest} s`;
}

interface Running {
  readonly text: string;
  readonly expectSeconds: number | undefined;
  readonly started: number;
  detail: string;
}

function elapsed(step: Running): number {
  return (Date.now() - step.started) / 1000;
}

function runningLine(step: Running): string {
  const expected = step.expectSeconds === undefined ? "" : ` of about ${formatSeconds(step.expectSeconds)}`;
  return `  … ${step.text}  ${formatSeconds(elapsed(step))}${expected}${step.detail ? `  ${step.detail}` : ""}`;
}

/** What a terminal and a log do differently. */
interface Style {
  begin(step: Running): void;
  changed(): void;
  end(step: Running): void;
  line(text: string): void;
}

function terminalStyle(out: ConsoleStream): Style {
  const running: Running[] = [];
  let timer: NodeJS.Timeout | undefined;
  const clear = () => out.write("\r\x1b[2K");
  const draw = () => {
    const last = running.at(-1);
    // Cut to the width: a line that wraps cannot be rewritten with a carriage return.
    if (last) out.write(`\r\x1b[2K${runningLine(last).slice(0, Math.max(20, (out.columns ?? 80) - 1))}`);
  };
  return {
    begin(step) {
      running.push(step);
      // unref: a step that was never ended must not keep the process alive.
      timer ??= setInterval(draw, redrawMilliseconds).unref();
      draw();
    },
    changed: draw,
    end(step) {
      running.splice(running.indexOf(step), 1);
      if (running.length > 0) return;
      clearInterval(timer);
      timer = undefined;
    },
    line(text) {
      clear();
      out.write(`${text}\n`);
      draw();
    },
  };
}

function logStyle(out: ConsoleStream): Style {
  const timers = new Map<Running, NodeJS.Timeout>();
  const line = (text: string) => void out.write(`${text}\n`);
  return {
    begin(step) {
      const expected = step.expectSeconds === undefined ? "" : ` (about ${formatSeconds(step.expectSeconds)})`;
      line(`  … ${step.text}${expected}`);
      timers.set(step, setInterval(() => line(runningLine(step)), heartbeatMilliseconds).unref());
    },
    changed: () => undefined,
    end(step) {
      clearInterval(timers.get(step));
      timers.delete(step);
    },
    line,
  };
}

/** A reporter that writes to `out` (standard error unless given), in the style that suits it; steps may overlap. */
export function consoleReporter(out: ConsoleStream = process.stderr): Reporter {
  const style = out.isTTY ? terminalStyle(out) : logStyle(out);
  return {
    note: (text) => style.line(`  ${text}`),
    step(text, expectSeconds) {
      const step: Running = { text, expectSeconds, started: Date.now(), detail: "" };
      let ended = false;
      const end = (line: () => string) => {
        if (ended) return;
        ended = true;
        style.end(step);
        style.line(line());
      };
      style.begin(step);
      return {
        done: (closing) => end(() => `  ✓ ${closing ?? text}  ${formatSeconds(elapsed(step))}`),
        fail: (reason) => end(() => `  ✗ ${text}: ${reason}  ${formatSeconds(elapsed(step))}`),
        progress(detail) {
          if (ended) return;
          step.detail = detail;
          style.changed();
        },
      };
    },
  };
}

/** Says nothing; for tests and for callers with a display of their own. */
export const silentReporter: Reporter = {
  step: () => ({ done: () => undefined, fail: () => undefined, progress: () => undefined }),
  note: () => undefined,
};
