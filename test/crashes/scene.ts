import { renderLedger } from "../../model/ledger";

/**
 * What `npm start` goes through in these tests, over and over: every step adds, changes and removes something, and after the third all is as it was.
 * A tenant comes, is retired and is removed; keys are appended, reordered and dropped; a limit changes each time.
 */
const home = (keys: string, series: string) =>
  `owner: home@example.com\ndescription: Home\ntier: small\nmetrics: cortex\napis: [metrics]\nlimits:\n  metrics: { activeSeries: ${series} }\nkeys: [${keys}]\n`;
const guest = (more: string) =>
  `owner: guest@example.com\ndescription: Guest\ntier: small\nmetrics: cortex\napis: [metrics]\nkeys: [2026-11]\n${more}`;
const eraseAfter = "2099-01-31";
const ledger = renderLedger([
  {
    name: "guest",
    storageId: "guest",
    metrics: "cortex",
    apis: ["metrics"],
    retention: { metrics: 30 * 86_400, logs: 30 * 86_400 },
    retired: "2026-11-02",
    eraseAfter,
  },
]);

export const scenes = {
  alone: { "home.yaml": home("2026-11, 2026-12", "100k"), ".ledger.yaml": ledger },
  joined: { "home.yaml": home("2026-12, 2026-11", "110k"), "guest.yaml": guest("adopt: true\n"), ".ledger.yaml": ledger },
  retired: {
    "home.yaml": home("2026-12, 2026-11, 2027-01", "120k"),
    "guest.yaml": guest(`state: retired\neraseAfter: ${eraseAfter}\n`),
    ".ledger.yaml": ledger,
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

export type Scene = keyof typeof scenes;

/** The scene after each. */
export const next: Readonly<Record<Scene, Scene>> = { alone: "joined", joined: "retired", retired: "alone" };

/**
 * How many operations on resources surely begin on the way to a scene from the one before it, and how many while the program still runs: deletions come
 * after its end. Moments are parts of these.
 */
export const operations: Readonly<Record<Scene, { readonly all: number; readonly program: number }>> = {
  alone: { all: 13, program: 3 },
  joined: { all: 44, program: 36 },
  retired: { all: 44, program: 3 },
};
