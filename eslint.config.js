"use strict";
const boundaries = require("eslint-plugin-boundaries");
const tseslint = require("typescript-eslint");

/** The rooms of the house, most particular first: a file belongs to the first pattern that fits. */
const rooms = [
  { type: "program", mode: "full", pattern: "index.ts" },
  { type: "component-kubernetes", pattern: "components/kubernetes" },
  { type: "component-contracts", mode: "full", pattern: ["components/contracts.ts", "components/lastup.ts"] },
  { type: "component", pattern: "components/*", capture: ["room"] },
  { type: "model", pattern: "model" },
  { type: "planning", pattern: "planning" },
  { type: "cli", pattern: "cli" },
  { type: "embedded", pattern: "embedded" },
  { type: "test", pattern: "test" },
];

/** The one-way arrows: index -> components -> model; planning -> index; cli -> model, planning, embedded; test -> all; embedded -> model. */
const arrows = [
  { from: "program", allow: ["component", "component-contracts", "model"] },
  { from: "component-kubernetes", allow: ["component-kubernetes", "model"] },
  { from: "component-contracts", allow: ["model"] },
  { from: "component-contracts", allow: ["component-kubernetes"], importKind: "type" },
  { from: "component", allow: ["component-kubernetes", "component-contracts", "model", ["component", { room: "${from.room}" }]] },
  // Rooms of components know one another by type only; index.ts wires them.
  { from: "component", allow: ["component"], importKind: "type" },
  { from: "model", allow: ["model"] },
  { from: "planning", allow: ["planning", "program", "model"] },
  { from: "cli", allow: ["cli", "model", "planning", "embedded"] },
  { from: "embedded", allow: ["embedded", "model"] },
  {
    from: "test",
    allow: ["test", "cli", "embedded", "planning", "program", "model", "component", "component-kubernetes", "component-contracts"],
  },
];

module.exports = tseslint.config(
  { ignores: ["node_modules", ".embedded", "coverage"] },
  {
    files: ["**/*.ts"],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: __dirname } },
    plugins: { boundaries },
    settings: {
      "boundaries/elements": rooms,
      "boundaries/include": ["**/*.ts"],
      "import/resolver": { node: { extensions: [".ts", ".js"] } },
    },
    rules: {
      "boundaries/element-types": ["error", { default: "disallow", rules: arrows }],
      "boundaries/no-unknown-files": "error",
      "max-lines": ["error", 300],
      // Handlers of one contract are asynchronous all, whether or not one of them waits.
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "no-restricted-properties": [
        "error",
        { object: "AbortSignal", property: "any", message: "It may never be aborted on Node 20; use linked() of embedded/signals.ts." },
      ],
      "no-restricted-syntax": [
        "error",
        {
          selector: "ImportDeclaration[importKind!='type'][source.value=/^@pulumi.(aws|cloudflare)/]",
          message: "aws and cloudflare load on demand: await import.",
        },
      ],
    },
  },
  {
    // expect.any() and the like are typed `any` by jest.
    files: ["test/**/*.ts"],
    rules: { "@typescript-eslint/no-unsafe-assignment": "off" },
  },
  {
    files: ["model/**/*.ts"],
    rules: { "no-restricted-imports": ["error", { patterns: [{ group: ["@pulumi/*"], message: "model/ is pure: no Pulumi." }] }] },
  },
);
