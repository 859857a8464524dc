import type { Cli } from '../cli.js';
import { EXIT } from '../failure.js';
import { printable } from '../terminal/printable.js';
import type { Paint } from '../terminal/style.js';
import { checkChannels } from './checks/check-channels.js';
import { checkClock } from './checks/check-clock.js';
import { checkCredential } from './checks/check-credential.js';
import { checkHolder } from './checks/check-holder.js';
import { checkHostConfig } from './checks/check-host-config.js';
import { checkServer } from './checks/check-server.js';
import { checkSession } from './checks/check-session.js';
import { checkTokenFile } from './checks/check-token-file.js';
import { checkVersions } from './checks/check-versions.js';
import type { Check, Examination } from './examination.js';
import { failed, type Finding } from './finding.js';

export interface DoctorOptions {
  fix?: boolean;
  name?: string;
}

/** In this order: each finds out what the next ones need. */
const CHECKS: readonly Check[] = [
  checkServer,
  checkClock,
  checkCredential,
  checkVersions,
  checkTokenFile,
  checkSession,
  checkHolder,
  checkHostConfig,
  checkChannels,
];

export async function doctor(cli: Cli, { fix, name }: DoctorOptions): Promise<number> {
  const first = await cli.screen.during('looking around', () => examine(cli, name));
  const repairs = fix ? first.flatMap((finding) => finding.fix ?? []) : [];
  for (const repair of repairs) await repair.run();
  const findings = repairs.length > 0 ? await examine(cli, name) : first;
  const fixed = repairs.map(({ what }) => what);
  const isWell = findings.every(({ status }) => status !== 'failed');
  const json = {
    ok: isWell,
    fixed,
    findings: findings.map(({ fix: repair, ...rest }) => ({ ...rest, fixable: repair !== undefined })),
  };
  cli.screen.result(json, () => text(cli, findings, fixed));
  return isWell ? EXIT.done : EXIT.failed;
}

async function examine(cli: Cli, name: string | undefined): Promise<Finding[]> {
  const { environment } = cli.terminal;
  const examination: Examination = { settings: cli.settings, environment, name };
  const findings: Finding[] = [];
  for (const check of CHECKS) {
    try {
      findings.push(...(await check(examination)));
    } catch (error) {
      // One check that cannot be made must not hide what the others see.
      findings.push(
        failed(
          'doctor',
          `A check could not be made: ${(error as Error).message}.`,
          'Mend what is red above, then look again.',
        ),
      );
    }
  }
  return findings;
}

const MARKS: Readonly<Record<Finding['status'], { mark: string; paint: Paint }>> = {
  ok: { mark: '✓', paint: 'green' },
  warning: { mark: '!', paint: 'yellow' },
  failed: { mark: '✗', paint: 'red' },
  skipped: { mark: '-', paint: 'dim' },
};

function text(cli: Cli, findings: Finding[], fixed: string[]): string {
  const { style } = cli.screen;
  const lines = findings.flatMap(({ status, summary, remedy, fix }) => {
    const { mark, paint } = MARKS[status];
    const advice = remedy
      ? [`  ${style.paint('→', 'cyan')} ${printable(remedy)}${fix ? ' Or: `sledger doctor --fix`.' : ''}`]
      : [];
    return [`${style.paint(mark, paint)} ${printable(summary)}`, ...advice];
  });
  const count = (status: Finding['status']) => findings.filter((finding) => finding.status === status).length;
  const verdict =
    count('failed') > 0
      ? style.paint(`${count('failed') === 1 ? '1 thing is' : `${count('failed')} things are`} broken.`, 'red')
      : count('warning') > 0
        ? style.paint(
            `It works; ${count('warning') === 1 ? '1 thing' : `${count('warning')} things`} could be better.`,
            'yellow',
          )
        : style.paint('All is well.', 'green');
  return [...fixed.map((what) => `${style.paint('fixed:', 'green')} ${printable(what)}`), ...lines, '', verdict].join(
    '\n',
  );
}
