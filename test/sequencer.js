"use strict";
const { default: Sequencer } = require("@jest/test-sequencer");

/** The long files first, so that none of them runs alone at the end; a fresh clone has no times to go by. */
const long = [
  ...[
    "mutants",
    "attacks/live",
    "crashes/trouble",
    "stores/pods-distributed",
    "stores/pods",
    "stores/limits",
    "stores/thanos-classes",
    "stores/thanos-distributed",
    "stores/thanos-parts",
  ],
  ...["up", "providers-engine", "cluster", "program", "network", "toolchain-cache", "toolchain", "monitoring-objects", "providers-tls"],
  ...["cluster-process", "capacity", "observability", "limits-text"],
].map((name) => `${name}.test.ts`);

module.exports = class extends Sequencer {
  /** @param {import("@jest/test-result").Test[]} tests */
  sort(tests) {
    const rank = (test) => {
      const at = long.findIndex((name) => test.path.endsWith(`/${name}`));
      return at < 0 ? long.length : at;
    };
    return [...tests].sort((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : 1));
  }
};
