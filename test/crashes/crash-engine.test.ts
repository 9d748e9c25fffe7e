import { crashes } from "./matrix";

/** What `npm start` runs below itself is killed: the engine, its language host, the program. */
crashes(["program", "language host", "engine"]);
