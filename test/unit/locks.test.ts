import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { removeDeadLocks } from "../../cli/locks";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tenantstack-locks-"));
const folder = path.join(dir, ".pulumi", "locks", "organization", "tenantstack", "dev");
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));

const write = (name: string, lock: unknown) =>
  fs.writeFileSync(path.join(folder, `${name}.json`), typeof lock === "string" ? lock : JSON.stringify(lock));

test("only locks of dead engines of this machine are removed", () => {
  expect(removeDeadLocks(dir)).toEqual([]);
  fs.mkdirSync(folder, { recursive: true });
  const here = os.hostname();
  write("dead", { pid: 11, hostname: here });
  write("alive", { pid: 12, hostname: here });
  write("elsewhere", { pid: 11, hostname: `not-${here}` });
  write("torn", '{"pid": 1');
  expect(removeDeadLocks(dir, (pid) => pid === 12)).toEqual([11]);
  expect(fs.readdirSync(folder).sort()).toEqual(["alive.json", "elsewhere.json", "torn.json"]);
});

test("a process that is no engine does not hold a lock, even with the number of one", () => {
  write("alive", { pid: process.pid, hostname: os.hostname() });
  expect(removeDeadLocks(dir)).toEqual([process.pid]);
});
