/** A stack's settings (Pulumi.<stack>.yaml), validated. Read by `index.ts` through `parseSettings`, never from pulumi.Config elsewhere. */
export interface Settings {
  /** The Pulumi stack; audience of every token. */
  readonly stack: string;
  readonly hardware: "aws" | "existing";
  readonly dns: "cloudflare" | "none";
  readonly certificates: "letsencrypt" | "private-ca";
  readonly edge: "gateway-api" | "none";
  readonly cluster: { readonly size: "single" | "distributed" };
  /** DNS zone under which tenants get their names, e.g. `obs.example.com`. */
  readonly zone: string;
  /** The folder of tenant files, relative to the project; a cell is another folder. */
  readonly tenants: string;
  /** Which platform add-ons this stack installs; a cluster that has them says false. */
  readonly addons: { readonly certManager: boolean; readonly prometheusOperator: boolean; readonly envoyGateway: boolean };
  /** `existing` hardware: kubeconfig file and context; undefined takes KUBECONFIG and its current context. */
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  /** `existing` hardware: any S3 endpoint; undefined keeps blocks on the volumes of the pods (size single only). */
  readonly s3: { readonly endpoint: string; readonly region: string; readonly bucketPrefix: string } | undefined;
  readonly aws: { readonly region: string; readonly zones: number; readonly cidr: string } | undefined;
  /** E-mail of the ACME account; only with letsencrypt. */
  readonly acmeEmail: string | undefined;
}
