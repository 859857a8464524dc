/**
 * One holder in a process of its own, for the race. Arguments: data directory, URL of the api. Orders on stdin, a line each:
 * `renew` at once, and `count` from zero. It prints what it holds after every change.
 */
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { assembleSession } from '#libs/client';

/** What a racer prints, a line each. */
export interface RacerReport {
  generation: number | null;
  /** SHA-256 of the bare token. */
  tokenHash: string | null;
  sessionId: string | null;
  /** Attempts to renew after which it had no usable token. */
  stranded: number;
  /** Attempts that somebody else won. */
  conflicts: number;
  /** Looks, one every few milliseconds, at which it had no token. */
  without: number;
}

const LOOK_MS = 3;

const [, , dataDir, baseUrl] = process.argv;
const { manager } = assembleSession({ dataDir, baseUrl });
let stranded = 0;
let conflicts = 0;
let without = 0;

function report(): void {
  const token = manager.getToken();
  const tokenHash =
    token === null
      ? null
      : createHash('sha256')
          .update(token.replace(/^sl_sess_/, ''))
          .digest('hex');
  const { generation, sessionId } = manager.getState();
  const line: RacerReport = { sessionId, generation, tokenHash, stranded, conflicts, without };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** What a call would be sent with at this moment. */
function look(): void {
  if (manager.getToken() === null) without++;
}

manager.onChange(() => {
  look();
  report();
});
manager.start();
const looking = setInterval(look, LOOK_MS);
for await (const order of createInterface({ input: process.stdin })) {
  if (order === 'count') stranded = conflicts = without = 0;
  if (order !== 'renew') continue;
  void manager.renewNow().then((outcome) => {
    if (outcome === 'catch-up') conflicts++;
    if (manager.getToken() === null) stranded++;
    report();
  });
}
clearInterval(looking);
await manager.dispose();
