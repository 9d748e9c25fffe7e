import { tools } from "../../model/versions";
import type { Recipe } from "./recipe";

const version = tools.prometheus.slice(1);
/** Prometheus' module counts on from v0.x: v3.6.0 is published as v0.306.0 too (its RELEASE.md). */
const [major = "", minor = "", patch = ""] = version.split(".");
const moduleVersion = `v0.${Number(major) * 100 + Number(minor)}.${patch}`;

/**
 * One of Prometheus' programs. Only its own version decides: rules are read and evaluated by the Prometheus of `images`.
 * @param seconds of a first build, after the program before it.
 */
function recipe(name: "promtool" | "prometheus", seconds: number, megabytes: number): Recipe {
  return {
    name,
    version: tools.prometheus,
    result: `bin/${name}`,
    official: ({ os, arch }) => {
      const archive = `prometheus-${version}.${os}-${arch}`;
      const folder = `prometheus/prometheus/releases/download/${tools.prometheus}`;
      const take = [{ from: `${archive}/${name}`, to: `bin/${name}` }];
      return [{ host: "github", file: `${folder}/${archive}.tar.gz`, checksums: `${folder}/sha256sums.txt`, megabytes: 120, take }];
    },
    fallback: {
      kind: "go",
      commands: [
        {
          program: name,
          module: "github.com/prometheus/prometheus",
          version: moduleVersion,
          package: `github.com/prometheus/prometheus/cmd/${name}`,
          variables: { "github.com/prometheus/common/version.Version": version },
          // As its own Makefile builds it, without the pages for browsers.
          tags: "netgo",
          seconds,
          megabytes,
        },
      ],
    },
  };
}

/** The judge of every recording rule, alert and query of a dashboard. */
export const promtool = recipe("promtool", 480, 250);

/** What evaluates them, over what the stores export. */
export const prometheus = recipe("prometheus", 90, 20);
