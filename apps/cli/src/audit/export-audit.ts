import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Cli } from '../cli.js';
import { Failure } from '../failure.js';
import { auditFilter, type AuditFilterOptions } from './audit-filter.js';
import { writeWhole } from './write-whole.js';

export interface ExportAuditOptions extends AuditFilterOptions {
  format: string;
  to?: string;
}

/**
 * Writes events, oldest first. A whole export in NDJSON carries the keys of the log and its signed checkpoints, so that
 * `audit verify` can check it without a server.
 */
export async function exportAudit(cli: Cli, options: ExportAuditOptions): Promise<void> {
  const { format, to } = options;
  if (format !== 'ndjson' && format !== 'csv') {
    throw new Failure(`--format: there is no format "${format}"`, 'Use ndjson or csv.', 'bad_option');
  }
  const owner = await cli.owner();
  const filter = await auditFilter(owner, options);
  const isWhole = Object.keys(filter).length === 0 && format === 'ndjson';
  const response = isWhole
    ? await owner.http.stream('GET /v1/audit/log', {})
    : await owner.http.stream('GET /v1/audit/export', { query: { ...filter, format } });
  if (to === undefined && cli.terminal.stdout.isTTY === true) cli.screen.endProgress();
  const lines = await cli.screen.during('exporting', async (progress) => {
    let count = 0;
    // A file is not left half written. On the way to the terminal, Ctrl-C acts as usual.
    const interrupted = to === undefined ? undefined : cli.terminal.interrupted;
    const body = response.body as Parameters<typeof Readable.fromWeb>[0];
    const counted = async function* () {
      try {
        for await (const chunk of Readable.fromWeb(body, { signal: interrupted })) {
          for (const byte of chunk as Buffer) if (byte === 0x0a) count += 1;
          progress.at(count, null);
          yield chunk as Buffer;
        }
      } catch (error) {
        const message = `the export ended early, after ${count} lines: the connection to the server was lost`;
        throw new Failure(message, 'Run it again.', 'export_cut', { cause: error });
      }
    };
    if (to === undefined) await pipeline(counted, cli.terminal.stdout as Writable, { end: false });
    else await writeWhole(to, counted, cli.terminal.interrupted);
    return count;
  });
  if (to === undefined) return;
  const file = to;
  cli.screen.result({ file, lines, format, verifiable: isWhole }, () => {
    const next = isWhole ? ` Check it anywhere: sledger audit verify ${file}` : '';
    return `${lines} lines written to ${file}.${next}`;
  });
}
