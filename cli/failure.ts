import { ToolchainError } from "../embedded/toolchain";
import { InputError } from "../model/problem";
import { UserError } from "./errors";

/** What to print of an error: the message alone where it was written for people, the stack only for what must be a defect of this program. */
export function failure(error: unknown): string {
  if (error instanceof InputError || error instanceof ToolchainError || error instanceof UserError) return error.message;
  if (!(error instanceof Error)) return String(error);
  if (error.name === "AbortError") return "Interrupted. Nothing is half done: run the same command again to go on.";
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOSPC")
    return `${error.message}\nThe disk is full. Free some space and run the same command again; nothing needs to be cleaned up.`;
  if (code === "EACCES" || code === "EROFS" || code === "EPERM")
    return `${error.message}\nThis folder or file cannot be written by you. Change its owner or rights, or choose another with TENANTSTACK_STATE or TENANTSTACK_CACHE.`;
  return process.env.TENANTSTACK_DEBUG === "1" ? (error.stack ?? error.message) : `${error.message}\n(TENANTSTACK_DEBUG=1 shows where.)`;
}
