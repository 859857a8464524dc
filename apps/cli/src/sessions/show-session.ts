import type { CloudEvent, SessionView } from '#libs/contracts';
import { eventLine } from '../audit/event-text.js';
import type { Cli } from '../cli.js';
import { everything } from '../everything.js';
import { momentOption } from '../options.js';
import { duration, relative, utc } from '#libs/contracts';
import { printable } from '../terminal/printable.js';
import { facts } from '../terminal/table.js';
import { findSession } from './find-session.js';
import { endOf, endText, labelsText, renewalsText, statusText, timeLeft } from './session-text.js';

export interface ShowSessionOptions {
  at?: string;
}

const SHOWN_EVENTS = 20;

export async function showSession(cli: Cli, { at }: ShowSessionOptions, id: string): Promise<void> {
  const owner = await cli.owner();
  const moment = at === undefined ? undefined : momentOption('--at', at);
  const found = await findSession(owner, id);
  const session = moment === undefined ? found : await owner.session(found.id, { at: moment.toISOString() });
  const events = await everything(owner.sessionEvents(found.id));
  const until = moment === undefined ? events : events.filter(({ time }) => new Date(time) <= moment);
  const history = until.sort((left, right) => left.streamversion - right.streamversion);
  cli.screen.result({ ...(moment && { at: moment.toISOString() }), session, history }, () =>
    text(cli, session, history, moment ?? new Date()),
  );
}

function text(cli: Cli, session: SessionView, history: CloudEvent[], now: Date): string {
  const { style } = cli.screen;
  const when = (time: string) => `${utc(time)} (${relative(new Date(time), now)})`;
  const { allowedOperations, maxAmountPerTx } = session.constraints;
  const labels = labelsText(session);
  const lines: [string, string][] = [
    ['session', session.id],
    ['agent', `${printable(session.agentName)} (${session.agentId})`],
    ['status', statusText(style, session)],
    ['generation', String(session.generation)],
    ['token left', timeLeft(style, session, now)],
    ['token ends', `${when(session.expiresAt)}, each token lives ${duration(session.expiresIn)}`],
    ['session ends', `${when(endOf(session))}, at the latest ${utc(session.absoluteExpiresAt)}`],
    ...(session.expiringSoon ? [['expiring soon', endText(session, now)] as [string, string]] : []),
    ['renewals', session.maxRenewals === null ? `${session.renewalCount}, no limit` : `${renewalsText(session)} used`],
    [
      'may',
      printable(
        [allowedOperations?.join(', ') ?? 'anything', maxAmountPerTx && `up to ${maxAmountPerTx}`]
          .filter(Boolean)
          .join(', '),
      ),
    ],
    ...(session.reason === null ? [] : [['reason', printable(session.reason)] as [string, string]]),
    ...(labels === '' ? [] : [['labels', labels] as [string, string]]),
  ];
  const shown = history.slice(-SHOWN_EVENTS);
  const left = history.length - shown.length;
  return [
    facts(lines),
    '',
    style.bold('history') +
      (left > 0 ? style.dim(` (${left} earlier: sledger audit query --session ${session.id})`) : ''),
    ...shown.map((event) => `  ${eventLine(style, event)}`),
  ].join('\n');
}
