// The program of README.md: keeps a session and calls the ledger with it until its input ends.
// Arguments: data directory, address of the ledger.
import { once } from 'node:events';
import { createSession } from '#libs/client';

const [dataDir, baseUrl] = process.argv.slice(2);
const session = createSession({ dataDir, baseUrl });

async function report() {
  const answer = await session.fetch(`${baseUrl}/v1/session`);
  const { state, generation } = session.getState();
  console.log(JSON.stringify({ status: answer.status, state, generation }));
}

const stop = session.onChange(() => void report());
await report();
process.stdin.on('data', () => void report());
await once(process.stdin, 'end');
stop();
await session.dispose();
