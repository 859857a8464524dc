import type { OwnerClient } from '#libs/client';
import type { ChannelView, KillSwitchView, SessionView } from '#libs/contracts';
import type { Cli } from '../cli.js';
import { everything } from '../everything.js';
import { EXIT } from '../failure.js';
import { killSwitchText } from '../kill-switch/set-kill-switch.js';
import { endText } from '../sessions/session-text.js';
import { shortener } from '../short-id.js';
import { printable } from '../terminal/printable.js';
import { facts } from '../terminal/table.js';
import { readReadiness, type Readiness } from './readiness.js';

/** Sessions that are counted; beyond, the count says `+`. */
const COUNTED = 2000;
const SHOWN = 10;

export interface Status {
  baseUrl: string;
  readiness: Pick<Readiness, 'ready' | 'checks'>;
  killSwitch: KillSwitchView;
  sessions: { alive: number; complete: boolean; expiringSoon: SessionView[] };
  channels: { enabled: number; all: number };
  /** What the owner should look at; empty when all is well. */
  attention: string[];
}

export async function showStatus(cli: Cli): Promise<number> {
  const owner = await cli.owner();
  const status = await cli.screen.during('asking the server', () => readStatus(owner));
  cli.screen.result(status, () => statusText(cli, status));
  return status.readiness.ready ? EXIT.done : EXIT.failed;
}

export async function readStatus(owner: OwnerClient): Promise<Status> {
  const [readiness, killSwitch, active, expiringSoon, channels] = await Promise.all([
    readReadiness(owner.http.baseUrl),
    owner.killSwitch(),
    everything(owner.sessions({ status: 'active', limit: 200 }), COUNTED),
    everything(owner.sessions({ status: 'expiring_soon', limit: 200 }), COUNTED),
    everything(owner.channels()),
  ]);
  return {
    baseUrl: owner.http.baseUrl,
    readiness: { ready: readiness.ready, checks: readiness.checks },
    killSwitch,
    sessions: { alive: active.length + expiringSoon.length, complete: active.length < COUNTED, expiringSoon },
    channels: { enabled: channels.filter(({ enabled }) => enabled).length, all: channels.length },
    attention: attentionOf(readiness, killSwitch, expiringSoon, channels),
  };
}

function attentionOf(
  readiness: Readiness,
  killSwitch: KillSwitchView,
  expiringSoon: SessionView[],
  channels: ChannelView[],
): string[] {
  const failed = Object.entries(readiness.checks).filter(([, check]) => check.status !== 'ok');
  return [
    ...failed.map(([name, check]) => `${name} is not well: ${printable(check.reason ?? 'no reason given')}`),
    ...(killSwitch.active ? [`the kill switch is ${killSwitchText(killSwitch)}: sledger kill-switch off`] : []),
    ...(channels.some(({ enabled }) => enabled)
      ? []
      : ['no channel is enabled: nobody would be told when a session dies: sledger channel add --help']),
    ...channels
      .filter(({ enabled, stoppedReason }) => enabled && stoppedReason !== null)
      .map(({ name, stoppedReason }) => `channel ${printable(name)} takes nothing: ${printable(stoppedReason ?? '')}`),
    ...(expiringSoon.length > 0 ? [`${expiringSoon.length} session(s) will end soon`] : []),
  ];
}

function statusText(cli: Cli, status: Status): string {
  const { style } = cli.screen;
  const { sessions, channels, readiness } = status;
  const now = new Date();
  const short = shortener(sessions.expiringSoon.map(({ id }) => id));
  const ready = readiness.ready ? style.paint('ready', 'green') : style.paint('not ready', 'red');
  const attention = status.attention.map((line) => `${style.paint('!', 'red', 'bold')} ${line}`);
  const ending = sessions.expiringSoon
    .slice(0, SHOWN)
    .map((session) => `    ${short(session.id)}  ${printable(session.agentName)}, ${endText(session, now)}`);
  return [
    facts([
      ['server', `${status.baseUrl} (${ready})`],
      ['sessions', `${sessions.alive}${sessions.complete ? '' : '+'} alive`],
      [
        'channels',
        `${channels.enabled} on${channels.all > channels.enabled ? `, ${channels.all - channels.enabled} off` : ''}`,
      ],
      ['kill switch', killSwitchText(status.killSwitch)],
    ]),
    ...attention,
    ...ending,
    ...(attention.length === 0 ? [style.paint('Nothing needs attention.', 'green')] : []),
  ].join('\n');
}
