import { connect, type Socket } from 'node:net';
import { startProcess } from '#libs/testing';

const PROGRAM = `const server = require('node:net').createServer();
  server.listen(0, '127.0.0.1', 1, () => {
    process.stdout.write('port ' + server.address().port + '\\n', () => process.kill(process.pid, 'SIGSTOP'));
  });`;
/** More than the kernel keeps for a listener that never accepts. */
const CONNECTIONS = 4;

/** A port that listens and never accepts: its queue is full, so the kernel answers no further connection. */
export async function startDeafServer(): Promise<AsyncDisposable & { port: number }> {
  const server = await startProcess(process.execPath, { args: ['-e', PROGRAM] });
  const port = Number((await server.waitFor(/port (\d+)/))[1]);
  const sockets: Socket[] = [];
  for (let i = 0; i < CONNECTIONS; i++) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    sockets.push(socket);
  }
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await server.kill();
    },
  };
}
