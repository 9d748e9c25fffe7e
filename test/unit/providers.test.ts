import fc from "fast-check";
import { ApiError } from "../../embedded/providers/kubernetes/client";
import { checkInputs, parseToken } from "../../embedded/providers/kubernetes/check";
import { contentsThatReplace, detailed } from "../../embedded/providers/kubernetes/diff";
import { drifted, inputsFromLive } from "../../embedded/providers/kubernetes/drift";
import { fieldManager, outputsOf, parseId } from "../../embedded/providers/kubernetes/objects";
import { checkOptions, readOptions } from "../../embedded/providers/kubernetes/options";
import { explain, forbids, immutableFields, parseFieldPath } from "../../embedded/providers/kubernetes/refusals";
import { differences, equal, formatPath, valueAt } from "../../embedded/providers/protocol/paths";
import {
  type Bag,
  decode,
  encode,
  type Fields,
  hasUnknown,
  type Marks,
  redact,
  UNKNOWN,
  type Value,
} from "../../embedded/providers/protocol/values";

const bag = (value: Fields, secrets: Marks = new Map()): Bag => ({ value, secrets });

const json = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.string(),
    fc.constant(UNKNOWN as Value),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.string().filter((key) => key !== "__proto__"), tie("value"), { maxKeys: 3, noNullPrototype: true }) as fc.Arbitrary<Value>,
  ),
})).value; // prettier-ignore
const fields = json.map((value): Fields => ({ value }));

describe("values", () => {
  test("anything survives the wire, secret or not", () => {
    fc.assert(
      fc.property(fields, fc.boolean(), (value, secret) => {
        const marks: Marks = secret ? new Map([["value", true as const]]) : new Map();
        expect(decode(encode({ value, secrets: marks }))).toEqual({ value, secrets: marks });
      }),
    );
  });

  test("a secret inside a list keeps its place; output values and references are read", () => {
    const value = { list: ["a", { b: "c" }] };
    const secrets: Marks = new Map([["list", new Map([["1", new Map([["b", true as const]])]])]]);
    expect(decode(encode({ value, secrets }))).toEqual({ value, secrets });
    expect(JSON.stringify(encode({ value, secrets }).toJavaScript())).toContain("1b47061264138c4ac30d75fd1eb44270");
  });

  test("secret texts are taken out of messages, in base64 and quoted as well", () => {
    const secrets = bag({ data: { a: "c2VjcmV0LXRleHQ=", b: 'qu"ote' } }, new Map([["data", true as const]]));
    const message = 'Invalid value: "c2VjcmV0LXRleHQ=" (secret-text), "qu\\"ote"';
    expect(redact(message, secrets)).toBe('Invalid value: "[secret]" ([secret]), "[secret]"');
  });
});

describe("paths", () => {
  test.each([
    [["spec", "template", "containers", 0, "image"], "spec.template.containers[0].image"],
    [["data", "a.b"], 'data["a.b"]'],
    [["metadata", "annotations", "pulumi.com/x"], 'metadata.annotations["pulumi.com/x"]'],
    [["data", 'say "x"'], 'data["say \\"x\\""]'],
  ])("%j is written %s", (path, text) => expect(formatPath(path)).toBe(text));

  test("there is a difference exactly where values are not equal, and its paths lead to different values", () => {
    fc.assert(
      fc.property(fields, fields, (one, other) => {
        const found = differences(one, other);
        expect(found.length === 0).toBe(equal(one, other));
        for (const { path } of found) expect(equal(valueAt(one, path), valueAt(other, path))).toBe(false);
      }),
    );
  });

  test("an unknown value equals nothing, not even itself; null equals absence", () => {
    expect([equal(UNKNOWN, UNKNOWN), equal({ a: null }, {}), equal({ a: 0 }, {})]).toEqual([false, true, false]);
    expect(differences({ a: 1, c: [1, 2] }, { b: 1, c: [1] })).toEqual([
      { path: ["a"], kind: "delete" },
      { path: ["c", 1], kind: "delete" },
      { path: ["b"], kind: "add" },
    ]);
  });
});

const refused = (code: number, message: string, causes: [string, string, string][] = [], kind = "") =>
  new ApiError({ code, reason: "", message, kind, causes: causes.map(([reason, text, field]) => ({ reason, message: text, field })) });

describe("refusals", () => {
  const set =
    "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template' and 'minReadySeconds' are forbidden";
  test.each([
    ["spec.selector", "Invalid value: {}: field is immutable", "spec.selector.matchLabels.a", true],
    ["spec", set, "spec.serviceName", true],
    ["spec", set, "spec.template.spec.x", false],
    ["roleRef", 'Invalid value: {}: cannot change roleRef', "roleRef.name", true],
    ["spec", "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.tolerations` (only additions)\n{}", "spec.nodeName", true],
    ["spec", "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.tolerations` (only additions)\n{}", "spec.tolerations", false],
    ["spec.clusterIPs[0]", 'Invalid value: []: may not change once set', "spec.clusterIPs", true],
  ])("%s: %s concerns %s: %s", (field, message, path, expected) => {
    const [found] = immutableFields(refused(422, "", [["FieldValueInvalid", message, field]]));
    expect(found && forbids(found, path.split("."))).toBe(expected);
  }); // prettier-ignore

  test("other refusals replace nothing", () => {
    expect(
      immutableFields(
        refused(422, "", [["FieldValueForbidden", "Forbidden: may not be used when `type` is 'ExternalName'", "spec.clusterIP"]]),
      ),
    ).toEqual([]);
    expect(immutableFields(refused(409, "", [["x", "field is immutable", "spec"]]))).toEqual([]);
    expect(parseFieldPath("spec.containers[0].env[a.b].value")).toEqual(["spec", "containers", 0, "env", "a.b", "value"]);
  });

  test("a refusal names the object and hides its secrets", () => {
    const identity = { apiVersion: "v1", kind: "Secret", namespace: "shop", name: "s" };
    const inputs = bag({ data: { a: "top-secret" } }, new Map([["data", true as const]]));
    const said = explain(refused(422, "data[a]: Invalid value: top-secret"), identity, inputs) as Error;
    expect(said.message).toBe('Secret "shop/s": data[a]: Invalid value: [secret]');
    const missing = explain(refused(404, "", [], "namespaces"), identity, inputs) as Error;
    expect(missing.message).toMatch(/namespace "shop" does not exist\. Create it in the program/);
  });
});

describe("diff", () => {
  const change = (path: (string | number)[], kind: "add" | "update" | "delete" = "update") => ({ path, kind });

  test("only what lies below a replacing path replaces; a part that vanishes as a whole counts", () => {
    const found = detailed([change(["data", "a"], "add"), change(["data"], "delete"), change(["metadata", "labels", "x"])], [["data"]], []);
    expect(Object.fromEntries(found)).toEqual({ "data.a": "add-replace", data: "delete-replace", "metadata.labels.x": "update" });
  });

  test("an immutable field that no input path matches still replaces", () => {
    expect(Object.fromEntries(detailed([change(["spec", "a"])], [], [{ path: ["status"], except: [] }]))).toEqual({
      "spec.a": "update",
      status: "update-replace",
    });
  });

  test.each([
    ["ConfigMap", {}, 3],
    ["ConfigMap", { enableConfigMapMutable: true }, 0],
    ["Secret", { enableConfigMapMutable: true }, 3],
    ["Secret", { enableSecretMutable: true }, 0],
    ["Service", {}, 0],
  ])("%s with %j has %d parts that replace", (kind, options, count) => {
    const all = { enableConfigMapMutable: false, enableSecretMutable: false, ...options };
    expect(contentsThatReplace({ apiVersion: "v1", kind }, all)).toHaveLength(count);
  });
});

describe("drift", () => {
  const secret = { apiVersion: "v1", kind: "Secret", stringData: { a: "one" } };

  test("live values are recorded where they differ from what was wanted, and only there", () => {
    const inputs = { apiVersion: "v1", kind: "X", spec: { cpu: "1000m", list: [1, 2, 3], gone: "x" } };
    const wanted = { ...inputs, metadata: { uid: "w" }, spec: { cpu: "1", list: [1, 2, 3], gone: "x", fallback: true } };
    const live = { ...inputs, spec: { cpu: "1", list: [1], fallback: true }, metadata: { uid: "u" }, status: {} };
    expect(drifted(inputs, wanted, live)).toEqual({ ...inputs, spec: { cpu: "1000m", list: [1] } });
  });

  test("stringData is compared through data", () => {
    const text = (value: string) => ({ apiVersion: "v1", kind: "Secret", data: { a: Buffer.from(value).toString("base64") } });
    expect(drifted(secret, text("one"), text("one"))).toEqual(secret);
    expect(drifted(secret, text("one"), text("two"))["stringData"]).toEqual({ a: "two" });
  });

  test("an imported object's inputs leave out what the server sets", () => {
    const live = { kind: "X", metadata: { name: "n", labels: { a: "b" }, uid: "u", managedFields: [] }, spec: {}, status: {} };
    expect(inputsFromLive(live)).toEqual({ kind: "X", metadata: { name: "n", labels: { a: "b" } }, spec: {} });
  });
});

describe("objects", () => {
  test("one field manager per resource: stable, recorded, or chosen", () => {
    const name = fieldManager("urn:a", {}, {});
    expect(name).toMatch(/^pulumi-kubernetes-[0-9a-f]{8}$/);
    expect([fieldManager("urn:a", {}, {}), fieldManager("urn:b", {}, {}) === name]).toEqual([name, false]);
    expect(fieldManager("urn:a", {}, { __fieldManager: "kept" })).toBe("kept");
    const chosen = { metadata: { annotations: { "pulumi.com/patchFieldManager": "mine" } } };
    expect(fieldManager("urn:a", chosen, { __fieldManager: "kept" })).toBe("mine");
  });

  test("state holds the live object without managedFields, and the bookkeeping under names the engine hides", () => {
    const inputs = bag({ apiVersion: "v1", kind: "Secret", stringData: { a: "x" } });
    const { value, secrets } = outputsOf(
      { apiVersion: "v1", kind: "Secret", data: { a: "eA==" }, metadata: { managedFields: [], name: "s" } },
      inputs,
      "m",
    );
    expect(value["metadata"]).toEqual({ name: "s" });
    expect(
      Object.keys(value)
        .filter((key) => !["apiVersion", "kind", "data", "metadata"].includes(key))
        .every((key) => key.startsWith("__")),
    ).toBe(true);
    expect(secrets).toEqual(new Map<string, Marks>([["data", true], ["__inputs", new Map([["stringData", true]])]])); // prettier-ignore
  });

  test("ids and tokens", () => {
    expect([parseId("a/b"), parseId("b")]).toEqual([{ namespace: "a", name: "b" }, { namespace: undefined, name: "b" }]); // prettier-ignore
    expect(() => parseId("a/b/c")).toThrow("namespace/name");
    expect(parseToken("kubernetes:core/v1:Secret")).toEqual({ apiVersion: "v1", kind: "Secret" });
    expect(parseToken("kubernetes:monitoring.coreos.com/v1:Prometheus")).toEqual({
      apiVersion: "monitoring.coreos.com/v1",
      kind: "Prometheus",
    });
    for (const type of [
      "kubernetes:helm.sh/v3:Release",
      "kubernetes:yaml/v2:ConfigGroup",
      "kubernetes:core/v1:SecretList",
      "aws:s3:Bucket",
    ])
      expect(() => parseToken(type)).toThrow(/stand-in/);
  });

  test("names: the same for preview and update, new for a replacement, proposed or refused by the stack's settings", async () => {
    const args = {
      urn: "u",
      type: "kubernetes:core/v1:ConfigMap",
      name: "Web",
      olds: undefined,
      randomSeed: Buffer.from("1"),
      autonaming: undefined,
    };
    const news = bag({ apiVersion: "v1", kind: "ConfigMap" });
    const named = async (more: object) => (await checkInputs(undefined, { ...args, news, ...more })).inputs.value["metadata"] as Fields;
    const first = await named({});
    expect(first["name"]).toMatch(/^web-[0-9a-f]{8}$/);
    expect(await named({})).toEqual(first);
    expect(await named({ randomSeed: Buffer.from("2") })).not.toEqual(first);
    expect((await named({ autonaming: { proposed: "mine", mode: "enforce" } }))["name"]).toBe("mine");
    expect((await checkInputs(undefined, { ...args, news, autonaming: { proposed: "", mode: "disable" } })).failures).toHaveLength(1);
    const unknown = await checkInputs(undefined, { ...args, news: bag({ ...news.value, metadata: { name: UNKNOWN } }) });
    expect(hasUnknown(unknown.inputs.value)).toBe(true);
  });
});

describe("options", () => {
  test("unset and unknown ones pass, others are judged, all at once", () => {
    expect(checkOptions({ version: "1", kubeconfig: UNKNOWN, enableSecretMutable: "true", namespace: "" })).toEqual([]);
    expect(
      checkOptions({ renderYamlToDirectory: "x", enableServerSideApply: "false", namespace: true, kubeClientSettings: '{"qps":5}' }),
    ).toHaveLength(4);
    expect(readOptions({ enableSecretMutable: "true", kubeClientSettings: '{"timeout":5}' })).toMatchObject({
      enableSecretMutable: true,
      enableConfigMapMutable: false,
      requestTimeout: 5,
      namespace: "default",
    });
    expect(() => readOptions({ skipUpdateUnreachable: "true" })).toThrow("no such option");
  });
});
