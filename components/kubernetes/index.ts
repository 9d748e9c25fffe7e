/** The few helpers every workload is built with. */
export * from "./labels";
export * from "./monitor";
export * from "./namespace";
export * from "./pod";
export * from "./policy";
export * from "./service";
