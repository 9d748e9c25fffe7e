import { planCapacity } from "../../model/capacity";
import { distributed, quorumZones } from "../../model/capacity-figures";
import type { SystemName } from "../../model/capacity-figures";
import { partSize } from "../../model/partsize";
import type { Recorded } from "../../planning/record";
import { everyTenant } from "./cortex-kit";
import { objects, workloads } from "./observability-kit";
import type { Workload } from "./observability-kit";

/** The part that a workload runs. */
export const partOf = (workload: Workload): string => workload.template.metadata.labels["app.kubernetes.io/name"] ?? "";

/** What holds for a system in size distributed, whatever it is: as the plan says, zone by zone, one drain at a time. `zoned` are the parts that keep copies. */
export function distributedShape(system: SystemName, zoned: readonly string[], recorded: () => readonly Recorded[]): void {
  test("every part has the replicas, resources and volume that the plan gives it", () => {
    const all = workloads(recorded());
    const settings = { stack: "test", hardware: "existing", cluster: { size: "distributed" }, s3: undefined, aws: undefined } as const;
    const plan = planCapacity(everyTenant, settings, { zones: 3 });
    expect([...new Set(all.map(partOf))].sort()).toEqual(distributed[system].map((one) => one.name).sort());
    for (const { name } of distributed[system]) {
      const own = all.filter((one) => partOf(one) === name);
      const size = partSize(plan, system, name);
      expect([name, own.reduce((sum, one) => sum + Number(one.spec.replicas), 0)]).toEqual([name, size.replicas]);
      for (const { template, spec } of own) {
        expect(template.spec.containers[0]).toMatchObject({ resources: size.resources });
        const claims = (spec.volumeClaimTemplates ?? template.spec.volumes) as unknown[];
        if (size.volume !== undefined) expect(JSON.stringify(claims)).toContain(`"storage":"${size.volume}"`);
      }
    }
  });

  test("what keeps copies has one StatefulSet a zone; a zone changes when the one before is there again", () => {
    const all = workloads(recorded());
    for (const part of zoned) {
      const sets = quorumZones.map((zone) => all.find((one) => one.metadata.name === `${part}-${zone}`)!);
      expect(sets.map((one) => one.kind)).toEqual(["StatefulSet", "StatefulSet", "StatefulSet"]);
      sets.forEach(({ template, spec }, n) => {
        const zone = JSON.stringify(template.spec.affinity);
        expect(zone).toContain(`"key":"topology.kubernetes.io/zone","operator":"In","values":["${["a", "b", "c"][n]}"]`);
        const own = template.spec.containers[0]!;
        expect(JSON.stringify([own.args, own.env])).toContain(quorumZones[n]);
        expect(template.spec.topologySpreadConstraints).toContainEqual(
          expect.objectContaining({ topologyKey: "kubernetes.io/hostname", whenUnsatisfiable: "DoNotSchedule" }),
        );
        expect(spec.persistentVolumeClaimRetentionPolicy).toEqual({ whenDeleted: "Retain", whenScaled: "Retain" });
      });
      const before = quorumZones.map((zone) => {
        const { dependencies } = recorded().find((one) => one.name === `${system}/${part}-${zone}`)!;
        return dependencies.filter((urn) => urn.includes("StatefulSet")).map((urn) => urn.split("::").at(-1));
      });
      expect(before).toEqual([[], [`${system}/${part}-zone-a`], [`${system}/${part}-zone-b`]]);
    }
  });

  test("drains take one pod of a part at a time, and others are spread", () => {
    const budgets = objects(recorded(), "PodDisruptionBudget").map((one) => [one.metadata.name, one.spec.maxUnavailable]);
    const several = distributed[system].filter(({ placement }) => placement !== "several").map((one) => one.name);
    expect(budgets.sort()).toEqual(several.map((name) => [name, 1]).sort());
    for (const one of workloads(recorded()).filter((w) => several.includes(partOf(w))))
      expect(one.template.spec.topologySpreadConstraints).toContainEqual(
        expect.objectContaining({ topologyKey: "topology.kubernetes.io/zone" }),
      );
  });
}
