/** The Secret with the tokens of the containers in the pod of the tenant's Prometheus, and its keys. */
export const tokens = {
  secret: "prometheus-token",
  write: "token",
  alertmanagers: "alertmanagers.yaml",
  collector: "collector-token",
} as const;
