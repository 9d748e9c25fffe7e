import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { setTimeout as sleep } from "node:timers/promises";
import { linked } from "../../embedded/signals";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Only the signal is kept, as a request under way keeps it. */
const signalOf = (milliseconds: number) => linked([new AbortController().signal], milliseconds).signal;

test("a limit of time is kept, whatever the collector takes meanwhile", async () => {
  const signals = Array.from({ length: 20 }, () => signalOf(60));
  const ended = signals.map((signal) => new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())));
  for (let i = 0; i < 4; i++) {
    await sleep(5);
    collect();
  }
  await Promise.race([
    Promise.all(ended),
    sleep(2000, undefined, { ref: false }).then(() => {
      throw new Error(`${signals.filter((signal) => !signal.aborted).length} of 20 signals never came`);
    }),
  ]);
  expect((signals[0]?.reason as Error).name).toBe("TimeoutError");
});

test("a source ends it with its own reason, before or after; once released nothing does", async () => {
  const [before, after, later] = [AbortSignal.abort("early"), new AbortController(), new AbortController()];
  expect(linked([undefined, before]).signal.reason).toBe("early");
  const { signal } = linked([after.signal], 10_000);
  after.abort("stop");
  expect(signal.reason).toBe("stop");
  const released = linked([later.signal], 5);
  released.release();
  later.abort();
  await sleep(20);
  expect(released.signal.aborted).toBe(false);
});
