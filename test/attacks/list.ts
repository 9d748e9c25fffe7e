import type { Attack } from "./attack";
import { credentialAttacks } from "./credentials";
import { headerAttacks } from "./headers";
import { http2Attacks } from "./http2";
import { pathAttacks } from "./paths";
import { requestAttacks } from "./requests";
import { tokenAttacks } from "./tokens";

/** All attacks, each of which is tried on every route. */
export const attacks: readonly Attack[] = [
  ...tokenAttacks,
  ...headerAttacks,
  ...pathAttacks,
  ...credentialAttacks,
  ...requestAttacks,
  ...http2Attacks,
];
