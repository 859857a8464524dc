import { randomInt } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';

/** Below the ports that systems give to connections, and to servers that ask for any: nobody takes one of these by chance. */
const LOWEST = 10_240;
const HIGHEST = 32_767;
const TRIES = 50;

/** A port of the loopback interface that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = randomInt(LOWEST, HIGHEST + 1);
    if ((await listenedOn(port)) === port) return port;
  }
  return (await listenedOn(0)) as number;
}

/** Null where somebody else has it. */
async function listenedOn(wanted: number): Promise<number | null> {
  const server = createServer();
  const isOpen = await new Promise<boolean>((resolve, reject) => {
    server.once('listening', () => resolve(true));
    server.once('error', (error: NodeJS.ErrnoException) => (wanted === 0 ? reject(error) : resolve(false)));
    server.listen(wanted, '127.0.0.1');
  });
  if (!isOpen) return null;
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
