import { duration, utc, type HolderView, type SessionView } from '#libs/contracts';
import { endOf, renewalsText, statusText, timeLeft } from '../sessions/session-text.js';
import { shortener } from '../short-id.js';
import { cut, printable } from '../terminal/printable.js';
import type { Style } from '../terminal/style.js';
import { table } from '../terminal/table.js';
import type { LiveData } from './live-data.js';

export interface FrameSize {
  columns: number;
  rows: number;
}

/** Lines around the table: title, empty line, header, empty line, footer. */
const AROUND = 6;
const BAR = 16;

/** What the live view shows; whatever ends soonest stands first. `stale` says why it could not be refreshed. */
export function liveFrame(
  style: Style,
  { status, sessions, holders }: LiveData,
  now: Date,
  { columns, rows }: FrameSize,
  stale: string | null = null,
): string {
  const sorted = [...sessions].sort((left, right) => endOf(left).localeCompare(endOf(right)));
  const room = Math.max(1, rows - AROUND - status.attention.length);
  const shown = sorted.slice(0, room);
  const short = shortener(sorted.map(({ id }) => id));
  const ready = status.readiness.ready ? style.paint('ready', 'green') : style.paint('not ready', 'red');
  const nameWidth = Math.max(10, Math.min(30, columns - 90));
  const lines = shown.map((session) => [
    short(session.id),
    style.bold(cut(printable(session.agentName), nameWidth)),
    statusText(style, session),
    String(session.generation),
    renewalsText(session),
    timeLeft(style, session, now, BAR),
    duration((Date.parse(endOf(session)) - now.getTime()) / 1000),
    holdersText(style, session, holders),
  ]);
  const header = ['ID', 'AGENT', 'STATUS', 'GEN', 'RENEWED', 'TOKEN LEFT', 'SESSION LEFT', 'HOLDERS'];
  return [
    `${style.bold('Session Ledger')}  ${status.baseUrl} (${ready})  ${sorted.length} alive  ${style.dim(utc(now))}`,
    ...status.attention.map((line) => `${style.paint('!', 'red', 'bold')} ${printable(line)}`),
    '',
    lines.length > 0 ? table(header, lines) : 'No sessions alive.',
    ...(sorted.length > shown.length ? [style.dim(`… and ${sorted.length - shown.length} more`)] : []),
    '',
    stale === null ? style.dim('Ctrl-C ends.') : style.paint(`${printable(stale)}; shown is the last answer`, 'yellow'),
  ].join('\n');
}

/** How many installations run the current token. */
function holdersText(style: Style, session: SessionView, holders: HolderView[]): string {
  const own = holders.filter(({ sessionId }) => sessionId === session.id);
  if (own.length === 0) return style.dim('-');
  const current = own.filter(({ generation }) => generation === session.generation).length;
  return style.paint(`${current}/${own.length} current`, current === own.length ? 'green' : 'yellow');
}
