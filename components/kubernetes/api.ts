/**
 * The parts of the Kubernetes SDK that this program declares with. Its index loads all API groups, Helm and YAML besides: 45 ms of every start.
 * Types come from `@pulumi/kubernetes` as ever.
 */
export * as apiextensions from "@pulumi/kubernetes/apiextensions";
export * as apps from "@pulumi/kubernetes/apps";
export * as autoscaling from "@pulumi/kubernetes/autoscaling";
export * as core from "@pulumi/kubernetes/core";
export * as networking from "@pulumi/kubernetes/networking";
export * as policy from "@pulumi/kubernetes/policy";
export { Provider } from "@pulumi/kubernetes/provider";
export * as rbac from "@pulumi/kubernetes/rbac";
export * as scheduling from "@pulumi/kubernetes/scheduling";
export * as storage from "@pulumi/kubernetes/storage";
