import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type CloudEvent, exportedEventOf } from '#libs/contracts';
import { LogVerifier, parseVerifierKey, type VerifyReport } from '#libs/proof';
import { exportText, sealed, signedExport } from '#libs/testing';
import { Binary } from './binary.js';
import { CliHome } from './cli-fixture.js';

/** Above the first few megabytes the lines are hashed in threads: this export has several times as much. */
const EVENTS = 3_000;
const NOTE = 'ä'.repeat(2_000);
const LATE = 2_500;

const home = new CliHome();
const binary = new Binary(home);
const whole = signedExport(EVENTS, NOTE);

function write(name: string, events: readonly (CloudEvent | string)[]): string {
  const path = join(home.home, name);
  writeFileSync(path, exportText(whole, events));
  return path;
}

async function verify(file: string): Promise<VerifyReport & { exit: number }> {
  const run = await binary.run('audit', 'verify', file, '--key', whole.key, '--output', 'json');
  return { ...(run.json as VerifyReport), exit: run.exit };
}

/** What is found without blocks and threads. */
function expected(events: readonly CloudEvent[]): VerifyReport {
  const verifier = new LogVerifier([parseVerifierKey(whole.key)]);
  for (const event of events) verifier.add(exportedEventOf(event));
  return verifier.finish({ checkpoints: [whole.checkpoint] });
}

const at = (index: number) => whole.events[index] as CloudEvent;
const replaced = (index: number, event: CloudEvent) => whole.events.with(index, event);

describe('audit verify of an export of many megabytes', () => {
  it('finds it as it was recorded, from a file and from stdin', async () => {
    const file = await verify(write('whole.ndjson', whole.events));
    expect(file).toMatchObject({ exit: 0, ok: true, events: EVENTS, findings: [], proven: EVENTS });
    const stdin = exportText(whole, whole.events);
    const piped = await binary.runWith({ stdin }, 'audit', 'verify', '-', '--output', 'json');
    expect(piped).toMatchObject({ exit: 0, json: { ok: true, events: EVENTS, proven: EVENTS, keyFromExport: true } });
  });

  it.each<[string, CloudEvent[]]>([
    ['a changed payload', replaced(LATE, { ...at(LATE), data: { ...at(LATE).data, generation: 0 } })],
    ['a changed payload whose leaf was made to fit', replaced(LATE, sealed({ ...at(LATE), data: { generation: 0 } }))],
    ['an actor that is no text', replaced(LATE, { ...at(LATE), actor: null } as unknown as CloudEvent)],
    ['a removed event', whole.events.toSpliced(LATE, 1)],
    ['an inserted event', whole.events.toSpliced(LATE, 0, at(7))],
    ['a swapped pair', replaced(LATE, at(10)).with(10, at(LATE))],
    ['a cut tail', whole.events.slice(0, LATE)],
    ['a change in every event', whole.events.map((event) => ({ ...event, requestid: 'another' }))],
  ])('finds %s, as one thread alone does', async (name, events) => {
    const { exit, ...found } = await verify(write(`${name}.ndjson`, events));
    expect(exit).toBe(1);
    const report = expected(events);
    expect(report.ok).toBe(false);
    expect(found).toMatchObject({ ...report });
  });

  it('names a late line that is no JSON, and ends', async () => {
    const file = write('cut-short.ndjson', [
      ...whole.events.slice(0, LATE),
      '{"specversion"',
      ...whole.events.slice(LATE),
    ]);
    const run = await binary.run('audit', 'verify', file);
    expect(run).toMatchObject({ exit: 1, stdout: '' });
    expect(run.stderr).toContain(`line ${LATE + 2} of the export is no JSON`);
  });

  it('refuses a stream that names no key before its end', async () => {
    await using command = await binary.start({}, 'audit', 'verify', '-');
    command.child.stdin.write(`${JSON.stringify(at(0))}\n`.repeat(1_000));
    const { code } = await command.exited;
    expect(code).toBe(1);
    expect(command.stderr).toContain('stdin is no export of a whole log: it names no key');
  });
});
