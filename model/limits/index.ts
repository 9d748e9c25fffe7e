export type { Enforcer, LimitEntry, LimitValue, Overrides } from "./entry";
export { gatewayLimits, writesNeeded } from "./gateway";
export type { GatewayLimits } from "./gateway";
export { limitEntries } from "./mapping";
export { storeLimits } from "./stores";
export type { StoreLimits } from "./stores";
