/** What a provider says when it cannot do what was asked. */
import type { Bag } from "./values";

/** An error for people: the message says what is wrong and what to do; nobody wants a stack of it. */
export class UserError extends Error {}

/** The engine asked to stop. */
export class CancelledError extends UserError {}

/** The object was created or updated but did not become ready; the engine keeps its state and tries again with the next update. */
export class NotReadyError extends UserError {
  /** `outputs` is the object as it is now; `reasons` are shown one a line. */
  constructor(
    readonly id: string,
    readonly outputs: Bag,
    readonly inputs: Bag,
    readonly reasons: string[],
  ) {
    super(reasons.join("\n"));
  }
}

/** The text of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
