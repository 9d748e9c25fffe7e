import { decide, lockIn, objectOf, pendingOf, settled, told, toRefresh, type Deployment, type PendingOperation } from "../../cli/pending";

/** What is done about operations that were cut off; test/crashes does it with the real engine. */
const urn = (name: string) => `urn:pulumi:dev::tenantstack::t::${name}`;
const operation = (type: string, name: string, token = "kubernetes:core/v1:ConfigMap", namespace?: string): PendingOperation => ({
  type,
  resource: {
    urn: urn(name),
    type: token,
    inputs: { apiVersion: "v1", kind: "ConfigMap", metadata: { name, ...(namespace && { namespace }) } },
  },
});
const yes = async () => true;
const no = async () => false;
const nobody = async () => undefined;

test("a create is adopted where its object is there, forgotten where it is not, and left where nobody can tell", async () => {
  const one = operation("creating", "limits", undefined, "cortex");
  expect(objectOf(one)).toEqual({ apiVersion: "v1", kind: "ConfigMap", namespace: "cortex", name: "limits" });
  expect(await decide(one, yes)).toBe("adopt");
  expect(await decide(one, no)).toBe("drop");
  expect(await decide(one, nobody)).toBe("unknown");
  expect(await decide(operation("creating", "key", "tls:index/privateKey:PrivateKey"), nobody)).toBe("drop");
  expect(await decide(operation("creating", "bucket", "aws:s3/bucket:Bucket"), yes)).toBe("unknown");
  for (const type of ["updating", "deleting", "reading"]) expect(await decide(operation(type, "limits"), no)).toBe("refresh");
});

test("an adopted object goes behind what is there, with its id, and counts as unread until it is read", () => {
  const [made, changed, lost, foreign] = [
    operation("creating", "made", undefined, "cortex"),
    operation("updating", "changed"),
    operation("creating", "lost"),
    operation("creating", "bucket", "aws:s3/bucket:Bucket"),
  ];
  const exported: Deployment = {
    version: 3,
    deployment: { resources: [changed.resource], pending_operations: [made, changed, lost, foreign] },
  };
  const whats = ["adopt", "refresh", "drop", "unknown"] as const;
  const steps = pendingOf(exported).map((one, n) => ({ operation: one, what: whats[n] ?? "unknown" }));
  const { deployment } = settled(exported, steps);
  expect(deployment.resources).toEqual([changed.resource, { ...made.resource, id: "cortex/made" }]);
  expect(deployment.pending_operations?.map((o) => `${o.type} ${o.resource.urn}`)).toEqual([
    `updating ${urn("changed")}`,
    `creating ${urn("bucket")}`,
    `updating ${urn("made")}`,
  ]);
  expect(toRefresh(steps)).toEqual([urn("made"), urn("changed")]);
  expect(told({ operation: made, what: "adopt" })).toBe(
    "made (kubernetes:core/v1:ConfigMap), cut off while creating: its object is there: taken into the state",
  );
});

test("the engine's refusal names who holds the lock", () => {
  const text =
    "the stack is currently locked by 1 lock(s)...\n  file:///s/x.json: created by ci@runner-7 (pid 4711) at 2026-11-26T01:00:00Z";
  expect(lockIn(text)).toEqual({ user: "ci", host: "runner-7", pid: 4711, since: "2026-11-26T01:00:00Z" });
  expect(lockIn("error: something else")).toBeUndefined();
});
