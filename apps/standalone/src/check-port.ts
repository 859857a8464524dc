import { createServer } from 'node:net';
import { StartError } from './start-error.js';

/** Says before anything is started that the port cannot be had. Port 0 always can. Throws `StartError`. */
export async function checkPort(host: string, port: number): Promise<void> {
  const probe = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      probe.once('error', reject);
      probe.listen({ host, port, exclusive: true }, resolve);
    });
  } catch (cause) {
    throw new StartError(describe(host, port, cause as NodeJS.ErrnoException), { cause });
  }
  await new Promise((resolve) => probe.close(resolve));
}

function describe(host: string, port: number, { code = '', message }: NodeJS.ErrnoException): string {
  const other = 'Choose another port with LEDGER_PORT=<port>; LEDGER_PORT=0 takes any free one.';
  const noAddress = `This machine has no address ${host}. Set LEDGER_HOST to one that it has, e.g. 127.0.0.1.`;
  const known: Record<string, string> = {
    EADDRINUSE: `Port ${port} on ${host} is in use by another program. Stop that program, or: ${other}`,
    EACCES: `This user may not listen on port ${port}. ${other}`,
    EADDRNOTAVAIL: noAddress,
    ENOTFOUND: noAddress,
  };
  return known[code] ?? `Cannot listen on ${host}:${port}: ${message}. ${other}`;
}
