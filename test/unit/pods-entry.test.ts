import { parse } from "yaml";
import { entryClusters, entryListener, entryRoutes } from "../../embedded/pods/entry";
import { planPods } from "../../embedded/pods/plan";
import { images } from "../../model/versions";
import { selfSigned } from "../engine/gateway-kit";
import { addresses, deployment, world } from "./pods-kit";

const gateway = [
  {
    name: "envoy",
    image: images.envoy,
    ports: [
      { name: "https", containerPort: 8443 },
      { name: "health", containerPort: 8080 },
    ],
  },
];
const tls = (secretName: string) => [{ name: "tls", secret: { secretName } }];

test("the entry leads each certificate's names to all pods of that gateway, and nothing else anywhere", async () => {
  const pem = Buffer.from((await selfSigned("prod.obs.localhost")).cert).toString("base64");
  const objects = world({
    deployments: [
      deployment({ namespace: "prod-tenant", name: "gateway", replicas: 2, containers: gateway, volumes: tls("gateway-tls") }),
      deployment({ namespace: "bare-tenant", name: "gateway", containers: gateway, volumes: tls("opaque") }),
      deployment({ namespace: "thanos", name: "query" }),
    ],
    secrets: new Map([
      ["prod-tenant/gateway-tls", { type: "kubernetes.io/tls", data: { "tls.crt": pem } }],
      ["bare-tenant/opaque", { type: "Opaque", data: { "tls.crt": pem } }],
    ]),
  });
  const { pods } = planPods(objects);
  const routes = entryRoutes(objects, pods, addresses(pods));
  expect(routes).toEqual([{ name: "prod-tenant", hosts: ["prod.obs.localhost"], addresses: ["127.1.2.2", "127.1.2.3"], port: 8443 }]);
  const listener = (
    parse(entryListener(8443, routes)) as { resources: { filter_chains: { filter_chain_match: object }[]; address: object }[] }
  ).resources[0];
  // A chain without server names would take every connection.
  expect(listener?.filter_chains.map((chain) => chain.filter_chain_match)).toEqual([{ server_names: ["prod.obs.localhost"] }]);
  expect(listener?.address).toEqual({ socket_address: { address: "127.0.0.1", port_value: 8443 } });
  expect(entryClusters(routes)).toContain("address: 127.1.2.3");
});
