/** Something the user asked for that cannot be; the message says what to do instead. */
export class UserError extends Error {
  public override readonly name = "UserError";
}
