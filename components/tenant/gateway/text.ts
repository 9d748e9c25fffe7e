import { toPlainYaml } from "../../../model/plainyaml";

/** The content of a file that delivers one live resource. */
export function discovery(resource: unknown): string {
  return toPlainYaml({ resources: [resource] });
}
