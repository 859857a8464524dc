import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { parseVerifierKey, type VerifyReport } from '#libs/proof';
import type { Cli } from '../cli.js';
import { EXIT, Failure } from '../failure.js';
import { type ComparedState, verdictText } from './audit-verdict-text.js';
import { readWitnesses } from './read-witnesses.js';
import { EXPORT_AGAIN } from './verify-export/export-line.js';
import { verifyExport } from './verify-export/verify-export.js';

export interface VerifyAuditOptions {
  key?: string[];
  witness?: string[];
  state?: boolean;
}

const STDIN = '-';
const READ_BYTES = 1024 * 1024;

/**
 * Needs the export (a file, or `-` for stdin), the public key and any witnesses; no server, except for --state. Exit 1 when
 * anything is not as it was signed.
 */
export async function verifyAudit(cli: Cli, options: VerifyAuditOptions, path: string): Promise<number> {
  const keys = options.key?.map(keyOption);
  const witnesses = (options.witness ?? []).flatMap(readWitnesses);
  const { source, name, size } = openExport(cli, path);
  const report = await cli.screen.during('verifying', (progress) =>
    verifyExport(source, {
      name,
      ...(keys && { keys }),
      witnesses,
      onProgress: ({ bytes, lines }) => progress.at(size === null ? lines : bytes, size),
    }),
  );
  const state = options.state ? await compareState(cli) : null;
  const isWell = report.ok && (state?.differing ?? []).length === 0;
  const keyFromExport = options.key === undefined;
  cli.screen.result(jsonOf(report, state, keyFromExport, isWell), () =>
    verdictText(cli.screen.style, report, state, keyFromExport),
  );
  return isWell ? EXIT.done : EXIT.failed;
}

/** `size` in bytes; null where it is not known before the end. */
function openExport(
  { terminal }: Cli,
  path: string,
): { source: AsyncIterable<Uint8Array>; name: string; size: number | null } {
  if (path === STDIN) return { source: terminal.stdin as AsyncIterable<Buffer>, name: 'stdin', size: null };
  if (!existsSync(path)) throw new Failure(`${path} is not there`, EXPORT_AGAIN, 'no_export');
  const stat = statSync(path);
  const source = createReadStream(path, { highWaterMark: READ_BYTES });
  return { source, name: path, size: stat.isFile() ? stat.size : null };
}

/** The server compares every head with its events, a page at a time. */
async function compareState(cli: Cli): Promise<ComparedState> {
  const owner = await cli.owner();
  return cli.screen.during('comparing heads with their events', async (progress) => {
    const state: ComparedState = { checked: 0, differing: [] };
    for await (const { checked, differing } of owner.auditState()) {
      state.checked += checked;
      state.differing.push(...differing);
      progress.at(state.checked, null);
    }
    return state;
  });
}

function jsonOf(report: VerifyReport, state: ComparedState | null, keyFromExport: boolean, ok: boolean) {
  return { ...report, ok, completenessProved: report.witnessed > 0, keyFromExport, ...(state && { state }) };
}

/** The key itself, or a file that holds it. */
function keyOption(text: string): string {
  const key = existsSync(text) ? readFileSync(text, 'utf8').trim() : text;
  try {
    parseVerifierKey(key);
    return key;
  } catch (error) {
    const remedy = 'It looks like name+hash+key; see `sledger audit checkpoint`.';
    throw new Failure(`--key: ${(error as Error).message}`, remedy, 'bad_option', { cause: error });
  }
}
