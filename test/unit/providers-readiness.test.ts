import { judgeOf, type Surroundings } from "../../embedded/providers/kubernetes/readiness";
import type { Fields } from "../../embedded/providers/protocol/values";

describe("readiness", () => {
  const alone: Surroundings = { endpoints: 0, bindingMode: undefined };
  const deployment = (spec: Fields, status: Fields): Fields => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { generation: 2 },
    spec,
    status: { observedGeneration: 2, ...status },
  });
  const done = { updatedReplicas: 2, replicas: 2, availableReplicas: 2 };
  const stopped = { conditions: [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message: "too long" }] };
  const set = (status: Fields, strategy: Fields = {}): Fields => ({
    ...deployment({ replicas: 2, updateStrategy: strategy }, status),
    kind: "StatefulSet",
  });
  const service = (spec: Fields): Fields => ({ apiVersion: "v1", kind: "Service", spec });
  const claim = (phase: string): Fields => ({ apiVersion: "v1", kind: "PersistentVolumeClaim", status: { phase } });
  const pod = (status: Fields): Fields => ({ apiVersion: "v1", kind: "Pod", status });
  const table: [string, Fields, Partial<Surroundings>, "ready" | "failed" | RegExp][] = [
    ["a complete rollout", deployment({ replicas: 2 }, done), {}, "ready"],
    ["no replicas wanted", deployment({ replicas: 0 }, {}), {}, "ready"],
    ["a rollout the controller has not seen", { ...deployment({ replicas: 2 }, done), metadata: { generation: 3 } }, {}, /has not seen/],
    ["old pods", deployment({ replicas: 2 }, { ...done, replicas: 3 }), {}, /1 old pods/],
    ["pods that are not available", deployment({ replicas: 2 }, { ...done, availableReplicas: 1 }), {}, /1 of 2 pods are available/],
    ["a rollout that stopped", deployment({ replicas: 2 }, stopped), {}, "failed"],
    ["a stateful set", set({ readyReplicas: 2, updatedReplicas: 2, currentRevision: "a", updateRevision: "a" }), {}, "ready"],
    ["a stateful set with old pods", set({ readyReplicas: 2, updatedReplicas: 2, currentRevision: "a", updateRevision: "b" }), {}, /old pods/],
    ["a stateful set that waits for deletes", set({ readyReplicas: 2, updatedReplicas: 0 }, { type: "OnDelete" }), {}, "ready"],
    ["a service with endpoints", service({ selector: { a: "b" } }), { endpoints: 1 }, "ready"],
    ["a service without", service({ selector: { a: "b" } }), {}, /no ready pod/],
    ["a headless service", service({ selector: { a: "b" }, clusterIP: "None" }), {}, "ready"],
    ["an external name", service({ type: "ExternalName" }), {}, "ready"],
    ["a service without selector", service({}), {}, "ready"],
    ["a load balancer without address", service({ type: "LoadBalancer", selector: { a: "b" } }), { endpoints: 1 }, /address/],
    ["a bound claim", claim("Bound"), {}, "ready"],
    ["a pending claim", claim("Pending"), {}, /Pending/],
    ["a claim that waits for its consumer", claim("Pending"), { bindingMode: "WaitForFirstConsumer" }, "ready"],
    ["a lost claim", claim("Lost"), {}, "failed"],
    ["a running pod", pod({ phase: "Running", conditions: [{ type: "Ready", status: "True" }] }), {}, "ready"],
    ["a pod that starts", pod({ phase: "Pending", containerStatuses: [{ name: "c", state: { waiting: { reason: "ImagePullBackOff" } } }] }), {}, /c: ImagePullBackOff/],
    ["a failed pod", pod({ phase: "Failed" }), {}, "failed"],
  ]; // prettier-ignore

  test.each(table)("%s", (_name, object, around, expected) => {
    const judged = judgeOf(object)?.judge(object, { ...alone, ...around });
    if (expected === "ready") expect(judged).toEqual({ ready: true });
    else if (expected === "failed") expect(judged).toMatchObject({ ready: false, failed: true });
    else expect(judged).toEqual({ ready: false, reason: expect.stringMatching(expected) });
  });

  test("kinds that are ready once they exist", () => {
    for (const [apiVersion, kind] of [["networking.k8s.io/v1", "Ingress"], ["batch/v1", "Job"], ["monitoring.coreos.com/v1", "Prometheus"], ["example.com/v1", "Service"]]) {
      expect(judgeOf({ apiVersion: apiVersion ?? "", kind: kind ?? "" })).toBeUndefined();
    } // prettier-ignore
  });
});
