import type { CloudEvent } from '#libs/contracts';
import { newId } from '#libs/platform';

/** A CloudEvent of the notifier's own: it is no fact of the ledger, so it has no place in the log. */
export type SyntheticEvent = Omit<CloudEvent, 'position' | 'streamversion' | 'leaf' | 'actor' | 'requestid'>;

export type SyntheticType =
  | 'ledger.channel.trouble.v1'
  | 'ledger.channel.test.v1'
  | 'ledger.channel.canary.v1'
  | 'ledger.log.checkpoint.v1'
  | 'ledger.log.alerts_missed.v1';

/** A message of the notifier's own in the form that webhooks know. `now`: epoch milliseconds. */
export function syntheticEvent(
  type: SyntheticType,
  subject: string,
  data: Record<string, unknown>,
  now: number,
): SyntheticEvent {
  return {
    specversion: '1.0',
    id: newId(),
    source: 'urn:session-ledger:notifier',
    type,
    subject,
    time: new Date(now).toISOString(),
    datacontenttype: 'application/json',
    data,
  };
}
