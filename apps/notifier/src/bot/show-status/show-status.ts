import { utc } from '#libs/contracts';
import type { BotTurn } from '../bot-context.js';
import type { BotScope } from '../bot-scope.js';
import { readAlive } from '../list-sessions/list-sessions.js';
import { shortText } from '../short-text.js';

const COUNTED = 200;

export async function showStatus(scope: BotScope, turn: BotTurn): Promise<void> {
  const [sessions, killSwitch, channels] = await Promise.all([
    readAlive(scope, COUNTED),
    scope.commands.heads.killSwitch(),
    scope.channels.list(),
  ]);
  const ending = sessions.filter(({ status }) => status === 'expiring_soon').length;
  const broken = channels.filter(({ enabled, stoppedReason }) => enabled && stoppedReason !== null);
  const count = `${sessions.length}${sessions.length === COUNTED ? '+' : ''}`;
  const lines = [
    `Sessions alive: ${count}${ending > 0 ? `, ${ending} ending soon` : ''}`,
    killSwitch.active
      ? `🛑 The kill switch is on since ${utc(new Date(killSwitch.changedAt * 1000))}${killSwitch.reason ? `: ${shortText(killSwitch.reason, 200)}` : ''}`
      : 'Kill switch: off',
    `Channels on: ${channels.filter(({ enabled }) => enabled).length} of ${channels.length}`,
    ...broken.map(({ name, stoppedReason }) => `⚠️ ${shortText(name)}: ${shortText(stoppedReason ?? '', 200)}`),
  ];
  await turn.reply(lines.join('\n'));
}
