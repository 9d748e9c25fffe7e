import { toYaml } from "../../../model/text";

/** The content of a file that delivers one live resource. */
export function discovery(resource: unknown): string {
  return toYaml({ resources: [resource] });
}
