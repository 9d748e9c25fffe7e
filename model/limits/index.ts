export type { Enforcer, LimitEntry, LimitValue, Overrides } from "./entry";
export { gatewayLimits, writesNeeded } from "./gateway";
export type { GatewayLimits } from "./gateway";
export { limitEntries } from "./mapping";
export { checkLimitSizes, fileOf, limitsFiles, lokiFiles, mostBytes } from "./files";
export type { LimitsFile, LimitsFiles } from "./files";
export { storeLimits } from "./stores";
export type { ReceiveFile } from "./text";
export type { StoreLimits } from "./stores";
