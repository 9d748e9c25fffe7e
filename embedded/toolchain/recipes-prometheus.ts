import { tools } from "../../model/versions";
import type { Recipe } from "./recipe";

const version = tools.prometheus.slice(1);
/** Prometheus' module counts on from v0.x: v3.6.0 is published as v0.306.0 too (its RELEASE.md). */
const [major = "", minor = "", patch = ""] = version.split(".");
const moduleVersion = `v0.${Number(major) * 100 + Number(minor)}.${patch}`;

/** The judge of every recording rule, alert and query of a dashboard. Only its own version decides: rules are read by the Prometheus of `images`. */
export const promtool: Recipe = {
  name: "promtool",
  version: tools.prometheus,
  result: "bin/promtool",
  official: ({ os, arch }) => {
    const name = `prometheus-${version}.${os}-${arch}`;
    const folder = `prometheus/prometheus/releases/download/${tools.prometheus}`;
    const take = [{ from: `${name}/promtool`, to: "bin/promtool" }];
    return [{ host: "github", file: `${folder}/${name}.tar.gz`, checksums: `${folder}/sha256sums.txt`, megabytes: 120, take }];
  },
  fallback: {
    kind: "go",
    commands: [
      {
        program: "promtool",
        module: "github.com/prometheus/prometheus",
        version: moduleVersion,
        package: "github.com/prometheus/prometheus/cmd/promtool",
        variables: { "github.com/prometheus/common/version.Version": version },
        // As its own Makefile builds it.
        tags: "netgo",
        seconds: 480,
        megabytes: 250,
      },
    ],
  },
};
