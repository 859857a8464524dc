import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { CloudEvent } from '#libs/contracts';
import { exportedEventOf } from '#libs/contracts';
import { type ExportedEvent, LogVerifier, parseVerifierKey, type VerifyReport } from '#libs/proof';
import type { Cli } from '../cli.js';
import { EXIT, Failure } from '../failure.js';
import { type ComparedState, verdictText } from './audit-verdict-text.js';
import { readWitnesses } from './read-witnesses.js';

export interface VerifyAuditOptions {
  key?: string[];
  witness?: string[];
  state?: boolean;
}

const REPORT_EVERY = 5000;
const EXPORT_AGAIN = 'Export the whole log again: `sledger audit export --to <file>`.';

/** Needs the file, the public key and any witnesses; no server, except for --state. Exit 1 when anything is not as it was signed. */
export async function verifyAudit(cli: Cli, options: VerifyAuditOptions, path: string): Promise<number> {
  if (!existsSync(path)) throw new Failure(`${path} is not there`, EXPORT_AGAIN, 'no_export');
  const keys = options.key?.map(keyOption) ?? (await keysOf(path));
  if (keys.length === 0) {
    const remedy = 'Give the public key with --key (see `sledger audit checkpoint`).';
    throw new Failure(`${path} is no export of a whole log: it names no key`, remedy, 'no_key');
  }
  const witnesses = (options.witness ?? []).flatMap(readWitnesses);
  const report = await cli.screen.during('verifying', async (progress) => {
    const verifier = new LogVerifier(keys.map(parseVerifierKey));
    const checkpoints: string[] = [];
    const size = statSync(path).size;
    let read = 0;
    let count = 0;
    for await (const line of linesOf(path)) {
      read += line.length + 1;
      if (++count % REPORT_EVERY === 0) progress.at(read, size);
      const entry = parseLine(line, count);
      if (entry === null) continue;
      if ('checkpoint' in entry) checkpoints.push(entry.checkpoint);
      else verifier.add(entry);
    }
    return verifier.finish({ checkpoints, witnesses });
  });
  const state = options.state ? await compareState(cli) : null;
  const isWell = report.ok && (state?.differing ?? []).length === 0;
  const keyFromExport = options.key === undefined;
  cli.screen.result(jsonOf(report, state, keyFromExport, isWell), () =>
    verdictText(cli.screen.style, report, state, keyFromExport),
  );
  return isWell ? EXIT.done : EXIT.failed;
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

/** An event, a checkpoint of the log, or null for the header. */
function parseLine(line: string, number: number): ExportedEvent | { checkpoint: string } | null {
  let value: Partial<CloudEvent> & { checkpoint?: unknown; keys?: unknown };
  try {
    value = JSON.parse(line) as typeof value;
  } catch (error) {
    throw new Failure(`line ${number} of the export is no JSON`, EXPORT_AGAIN, 'no_export', { cause: error });
  }
  if (typeof value.checkpoint === 'string') return { checkpoint: value.checkpoint };
  if (Array.isArray(value.keys)) return null;
  if (typeof value.position !== 'number' || typeof value.type !== 'string' || typeof value.subject !== 'string') {
    throw new Failure(`line ${number} of the export is no event of a ledger`, EXPORT_AGAIN, 'no_export');
  }
  return exportedEventOf(value as CloudEvent);
}

function linesOf(path: string): AsyncIterable<string> {
  return createInterface({ input: createReadStream(path), crlfDelay: Infinity });
}

/** The keys that the export names: good for a look, no proof against whoever made the export. */
async function keysOf(path: string): Promise<string[]> {
  for await (const line of linesOf(path)) {
    try {
      const { keys } = JSON.parse(line) as { keys?: unknown };
      return Array.isArray(keys) ? keys.map(String) : [];
    } catch {
      return [];
    }
  }
  return [];
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
