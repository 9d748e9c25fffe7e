import { stringify } from "yaml";

/**
 * YAML as Envoy reads it: sorted keys, no anchors. Envoy's parser still takes `on`, `no` and `y` for booleans, so such strings
 * (a tenant may be called `no`) are quoted.
 */
export function envoyYaml(value: unknown): string {
  return stringify(value, { sortMapEntries: true, aliasDuplicateObjects: false, lineWidth: 0, indentSeq: false, compat: "yaml-1.1" });
}

/** The content of a file that delivers one live resource. */
export function discovery(resource: unknown): string {
  return envoyYaml({ resources: [resource] });
}
