import { lastTold, link, type CallHistory } from './call-history.js';
import { type Finding, NEW_SESSION, type Verdict } from './verdicts.js';

type Trigger = 'manual_revoke' | 'renewal_rejected' | 'superseded' | 'kill_switch' | 'token_reuse';

const CAUSES: Readonly<Record<Trigger, { verdict: Verdict; what: string; remedy: string }>> = {
  manual_revoke: { verdict: 'REVOKED_BY_OWNER', what: 'revoked it', remedy: NEW_SESSION },
  renewal_rejected: {
    verdict: 'RENEWAL_REJECTED',
    what: 'rejected its last renewal, which ended it',
    remedy: `Find out who renewed it and whether that was right. ${NEW_SESSION}`,
  },
  superseded: {
    verdict: 'SUPERSEDED_BY_SESSION',
    what: 'put a newer session of the agent in its place',
    remedy: 'Use the newer session: holders take it by themselves; others need its token (`sledger session list`).',
  },
  kill_switch: {
    verdict: 'REVOKED_BY_KILL_SWITCH',
    what: 'ended it together with all others, by the kill switch',
    remedy: `Release the switch with \`sledger kill-switch off\`. ${NEW_SESSION}`,
  },
  token_reuse: {
    verdict: 'REVOKED_FOR_REUSE',
    what: 'ended it because an old token was presented again without proof',
    remedy: `Somebody may have a copy of the token file: look who can read it. ${NEW_SESSION}`,
  },
};

export function explainRevocation(history: CallHistory): Finding {
  const revoked = lastTold(history, 'SessionRevoked');
  if (!revoked) throw new Error('a revoked session has a SessionRevoked event');
  const { trigger, reason } = revoked.event.data;
  const { verdict, what, remedy } = CAUSES[trigger];
  const reuse = lastTold(history, 'TokenReuseDetected');
  return {
    verdict,
    summary: `${revoked.envelope.actor} ${what} at ${revoked.envelope.time}${reason === undefined ? '' : ` (${reason})`}.`,
    remedy,
    chain: [
      ...(reuse
        ? [
            link(
              reuse.envelope,
              `generation ${reuse.event.data.generation} came from ${reuse.event.data.addressPrefix}`,
            ),
          ]
        : []),
      link(revoked.envelope, what),
    ],
  };
}
