import path from "node:path";
import { storage } from "../../embedded/pods";
import { recordProgram } from "../../planning";
import { keyOf } from "./inspect";

/** Keys of the objects that the program declares for a checkout's tenants on the embedded cluster, without engine or cluster: what must be there in the end. */
export async function declaredObjects(checkout: string, state: string): Promise<Set<string>> {
  // What the program warns of, npm start has printed.
  const warned = jest.spyOn(console, "warn").mockReturnValue(undefined);
  const { resources } = await recordProgram(path.join(checkout, "tenants"), {
    config: {
      "tenantstack:s3": JSON.stringify(storage(state).s3),
      "tenantstack:s3AccessKeyId": "id",
      "tenantstack:s3SecretAccessKey": "key",
    },
  }).finally(() => warned.mockRestore());
  return new Set(
    resources
      .filter(({ type }) => type.startsWith("kubernetes:"))
      .map(({ type, inputs }) => {
        const { namespace, name } = inputs["metadata"] as { namespace?: string; name: string };
        return keyOf(type, namespace === undefined ? name : `${namespace}/${name}`);
      }),
  );
}
