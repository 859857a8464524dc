import { everything } from '../../everything.js';
import type { Check } from '../examination.js';
import { failed, ok, skipped, warning } from '../finding.js';

/** As many of the newest dead deliveries are looked at. */
const LOOKED_AT = 50;
const RECENT_MS = 86_400_000;

export const checkChannels: Check = async ({ owner }) => {
  if (!owner) return [skipped('channels', 'Channels were not looked at: the owner is not connected.')];
  const channels = await everything(owner.channels());
  const enabled = channels.filter((channel) => channel.enabled);
  if (enabled.length === 0) {
    return [
      failed(
        'channels',
        'No channel is enabled: nobody would be told when a session dies.',
        'Add one: `sledger channel add --help`.',
      ),
    ];
  }
  const dead = (await everything(owner.deliveries({ status: 'dead' }), LOOKED_AT)).filter(
    ({ createdAt }) => Date.parse(createdAt) > Date.now() - RECENT_MS,
  );
  const killed = enabled.filter(({ id }) => dead.some(({ channelId }) => channelId === id));
  const stopped = enabled.filter(({ stoppedReason }) => stoppedReason !== null);
  return [
    ...(stopped.length < enabled.length
      ? [ok('channels', `${enabled.length - stopped.length} channel(s) are on.`)]
      : []),
    ...stopped.map(({ name, stoppedReason }) =>
      failed(
        'channels',
        `Channel ${name} takes nothing: ${stoppedReason}.`,
        `Mend that (\`sledger channel change "${name}"\` for a new target or secret), then \`sledger channel test "${name}"\`.`,
      ),
    ),
    ...killed.map(({ name }) =>
      warning(
        'channels',
        `Channel ${name} lost an alert in the last day.`,
        `See why: \`sledger deliveries list --channel "${name}" --status dead\`; then \`sledger channel test "${name}"\`.`,
      ),
    ),
  ];
};
