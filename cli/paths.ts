import path from "node:path";

/** The checkout. */
export const root = path.join(__dirname, "..");

/** Everything that `npm start` keeps: the cluster's state, Pulumi's state, credentials. `npm run reset` removes it. */
export const stateFolder = process.env.TENANTSTACK_STATE ?? path.join(root, ".embedded");

/** A path as a person would type it from the checkout. */
export function shown(file: string): string {
  const relative = path.relative(root, file);
  return relative.startsWith("..") ? file : relative;
}
