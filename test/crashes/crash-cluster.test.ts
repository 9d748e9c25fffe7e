import { crashes } from "./matrix";

/** What the engine talks to is killed: the API server and its store. */
crashes(["kube-apiserver", "etcd"]);
