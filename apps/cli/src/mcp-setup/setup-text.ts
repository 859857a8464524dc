import type { SessionView } from '#libs/contracts';
import type { DesktopHost } from '../desktop-hosts/desktop-host.js';
import type { HostChange } from '../desktop-hosts/host-config.js';
import { lineDiff, withContext } from '../desktop-hosts/line-diff.js';
import { relative, utc } from '#libs/contracts';
import { printable } from '../terminal/printable.js';
import type { Style } from '../terminal/style.js';
import { facts } from '../terminal/table.js';

/** The JSON form of the result. */
export interface SetupResult {
  sessionId: string;
  agentId: string;
  expiresAt: string;
  tokenFile: string;
  holderId: string;
  /** What stands, or belongs, in the host's configuration. */
  snippet: Record<string, unknown>;
  host: { id: string; path: string; written: boolean; backup: string | null };
}

export function setupText(style: Style, session: SessionView, host: DesktopHost, result: SetupResult): string {
  const now = new Date();
  const renewals = session.maxRenewals === null ? 'without limit' : `up to ${session.maxRenewals} times`;
  return [
    `${style.paint('✓', 'green')} ${style.bold(printable(session.agentName))} is set up on this machine`,
    facts(
      [
        ['session', session.id],
        ['token file', `${result.tokenFile} (0600)`],
        [
          'token ends',
          `${utc(session.expiresAt)} (${relative(new Date(session.expiresAt), now)}), renewed by itself ${renewals}`,
        ],
        ['session ends', `${utc(session.endsAt)} (${relative(new Date(session.endsAt), now)})`],
        ['holder', result.holderId],
      ],
      '  ',
    ),
    '',
    ...hostText(style, host, result),
  ].join('\n');
}

function hostText(
  style: Style,
  host: DesktopHost,
  { host: { path, written, backup }, snippet }: SetupResult,
): string[] {
  if (written) {
    return [
      `${style.paint('✓', 'green')} ${host.title} knows it: ${path}`,
      ...(backup === null ? [] : [style.dim(`  the file as it was before: ${backup}`)]),
      host.afterwards,
    ];
  }
  return [
    `Put this into ${style.bold(path)} (${host.title}), or run again with --write:`,
    '',
    JSON.stringify(snippet, null, 2),
    '',
    host.afterwards,
  ];
}

export function diffText(style: Style, { path, before, after }: HostChange): string {
  if (before === after) return `${path} has the entry already.`;
  const lines = withContext(lineDiff(before, after)).map(({ sign, text }) => {
    const line = `${sign} ${printable(text)}`;
    return sign === '+' ? style.paint(line, 'green') : sign === '-' ? style.paint(line, 'red') : line;
  });
  return [style.bold(before === '' ? `${path} (new)` : path), ...lines].join('\n');
}
