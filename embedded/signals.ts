/**
 * `AbortSignal.any` and `AbortSignal.timeout` must not be combined on Node 20: the combination holds its sources weakly, so that a time-out nobody
 * else refers to is collected before it is due, and the request waits for ever (nodejs/node#57736). These signals are held by their timer and
 * by their listeners, until `release`.
 */
export interface Linked {
  readonly signal: AbortSignal;
  /** Ends the timer and forgets the sources. */
  readonly release: () => void;
}

/** A signal that is aborted with the first of `sources`, or after `milliseconds`. */
export function linked(sources: readonly (AbortSignal | undefined)[], milliseconds?: number): Linked {
  const controller = new AbortController();
  const releases: (() => void)[] = [];
  const release = () => releases.splice(0).forEach((one) => one());
  const abort = (reason: unknown) => {
    release();
    controller.abort(reason);
  };
  for (const source of sources) {
    if (source === undefined) continue;
    if (source.aborted) abort(source.reason);
    const onAbort = () => abort(source.reason);
    source.addEventListener("abort", onAbort, { once: true });
    releases.push(() => source.removeEventListener("abort", onAbort));
  }
  if (milliseconds !== undefined) {
    const timer = setTimeout(() => abort(new DOMException(`no answer within ${milliseconds} ms`, "TimeoutError")), milliseconds);
    releases.push(() => clearTimeout(timer));
  }
  if (controller.signal.aborted) release();
  return { signal: controller.signal, release };
}
