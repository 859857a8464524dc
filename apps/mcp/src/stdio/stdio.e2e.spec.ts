import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { until } from '#libs/testing';
import { McpHost } from '../../../../test/scenarios/mcp-host.js';

function dataDir(): string {
  return mkdtempSync(join(tmpdir(), 'mcp-stdio-'));
}

async function errorAfter(host: McpHost, line: string | Buffer): Promise<unknown> {
  const before = host.strays.length;
  host.writeRaw(line);
  return await until(() => host.strays[before], { describe: 'an error without an id' });
}

/** Milliseconds of processor time that a process has used; a tick of the kernel is 10 ms. */
function processorTime(pid: number): number {
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const fields = rest.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

describe('a host that misbehaves', () => {
  it('gets a JSON-RPC error for garbage, and the connection lives', async () => {
    await using host = await McpHost.connect({ dataDir: dataDir() });
    expect(await errorAfter(host, 'garbage\n')).toMatchObject({ error: { code: -32700 } });
    expect(await errorAfter(host, Buffer.from([0xff, 0xfe, 0x00, 0x0a]))).toMatchObject({ error: { code: -32700 } });
    expect(await errorAfter(host, '{"jsonrpc":"1.0","method":5}\n')).toMatchObject({ error: { code: -32600 } });
    expect(await errorAfter(host, '[1,2,3]\n')).toMatchObject({ error: { code: -32600 } });
    host.writeRaw('\n\r\n  \n');
    expect((await host.call('session_status')).content['status']).toBe('session_expired');
    expect(host.impurities()).toEqual([]);
  });

  it('may send a message in pieces of one byte, or many in one piece', async () => {
    await using host = await McpHost.connect({ dataDir: dataDir() });
    const ping = (id: number): string => `${JSON.stringify({ jsonrpc: '2.0', id, method: 'ping' })}\r\n`;
    for (const byte of Buffer.from(ping(901))) host.writeRaw(Buffer.from([byte]));
    host.writeRaw(ping(902) + ping(903) + ping(904));
    await until(() => [901, 902, 903, 904].every((id) => host.process.stdout.includes(`"id":${id}`)), {
      describe: 'four answers',
    });
  });

  it('may send a line of 9 MB: it is a message like any other', async () => {
    await using host = await McpHost.connect({ dataDir: dataDir() });
    const answer = await host.request('tools/call', {
      name: 'session_history',
      arguments: { cursor: 'x'.repeat(9 << 20) },
    });
    // Refused for its content (a cursor has at most 512 characters), not for its size.
    expect(JSON.stringify(answer).slice(0, 400)).toMatch(/512|cursor/);
    expect((await host.call('session_status')).content['status']).toBe('session_expired');
  });

  it('gets an error under its own id for a message above 100 MB, and the connection lives', async () => {
    await using host = await McpHost.connect({ dataDir: dataDir() });
    host.writeRaw('{"jsonrpc":"2.0","id":"too long","method":"tools/call","params":{"name":"');
    const piece = Buffer.alloc(1 << 20, 'x');
    for (let sent = 0; sent < 101; sent += 1) host.writeRaw(piece);
    host.writeRaw('"}}\n');
    const pong = await host.request('ping');
    expect(pong.result).toEqual({});
    expect(host.process.stdout).toMatch(
      /"id":"too long","error":\{"code":-32600,"message":"Message of \d+ bytes refused/,
    );
  });

  it('may close stderr: the process goes on, and does not spin over lines that nobody reads', async () => {
    await using host = await McpHost.connect({ dataDir: dataDir(), env: { LEDGER_LOG_LEVEL: 'debug' } });
    host.process.child.stderr.destroy();
    for (let round = 0; round < 20; round += 1) {
      // Each is reported on stderr.
      await errorAfter(host, 'garbage\n');
      expect((await host.call('session_status')).content['status']).toBe('session_expired');
    }
    // From here on it has nothing to do.
    const [used, began] = [processorTime(host.process.pid), performance.now()];
    await until(() => performance.now() - began > 1500, { describe: 'a while without a message' });
    expect(processorTime(host.process.pid) - used).toBeLessThan((performance.now() - began) / 3);
    expect(await host.close()).toEqual({ code: 0, signal: null });
  });

  it('ends the process by closing stdin, in the middle of a line too', async () => {
    await using host = await McpHost.connect({ dataDir: dataDir() });
    host.writeRaw('{"jsonrpc":"2.0","id":1,"meth');
    expect(await host.close()).toEqual({ code: 0, signal: null });
    expect(host.impurities()).toEqual([]);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('ends the process cleanly by %s', async (signal) => {
    await using host = await McpHost.connect({ dataDir: dataDir() });
    host.process.signal(signal);
    expect(await host.process.exited).toEqual({ code: 0, signal: null });
    expect(host.process.stderr).toContain(signal);
  });
});
