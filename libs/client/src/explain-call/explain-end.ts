import { earliestRenewalAt, remainingRenewals, toRfc3339, type SessionState } from '#libs/session';
import { lastTold, link, type CallHistory } from './call-history.js';
import { type Finding, type Link, NEW_SESSION } from './verdicts.js';

/** A token that ran out: what kept it from being renewed. The guards are asked in the server's order. */
export function explainEnd(history: CallHistory, state: SessionState): Finding {
  const ended = toRfc3339(state.expiresAt);
  const warned = lastTold(history, 'SessionExpiringSoon');
  const chain: Link[] = [
    ...(warned ? [link(warned.envelope, `announced the end for ${warned.event.data.endsAt}`)] : []),
    { at: ended, actor: 'system', what: `the token of generation ${state.generation} ended` },
  ];
  if (remainingRenewals(state) === 0) {
    const used =
      state.maxRenewals === 0 ? 'The session allows no renewals' : `All ${state.maxRenewals} renewals were used`;
    return {
      verdict: 'RENEWALS_USED_UP',
      summary: `${used}, so the last token ended at ${ended} (guard RENEWAL_LIMIT_REACHED).`,
      remedy: `${NEW_SESSION} More renewals: --max-renewals.`,
      chain,
    };
  }
  if (earliestRenewalAt(state) + state.expiresIn > state.absoluteExpiresAt) {
    return {
      verdict: 'LIFETIME_USED_UP',
      summary:
        `A further token would have outlived the session, which ends at ${toRfc3339(state.absoluteExpiresAt)} ` +
        `(guard SESSION_ABSOLUTE_LIFETIME_EXCEEDED); the last token ended at ${ended}.`,
      remedy: NEW_SESSION,
      chain,
    };
  }
  return explainMissedRenewal(history, state, ended, chain);
}

/** It could have been renewed, and was not. */
function explainMissedRenewal(history: CallHistory, state: SessionState, ended: string, chain: Link[]): Finding {
  const wasOnAtEnd = (at: string | undefined) => at !== undefined && Date.parse(at) / 1000 < state.expiresAt;
  const { killSwitch, agentDisabled } = history;
  if (agentDisabled.on && agentDisabled.turnedBy && wasOnAtEnd(agentDisabled.turnedBy.time)) {
    return {
      verdict: 'AGENT_DISABLED',
      summary: `${agentDisabled.turnedBy.actor} disabled the agent at ${agentDisabled.turnedBy.time}; its token ended at ${ended} without renewal.`,
      remedy: 'Let the agent work again with `sledger agent enable`, then make a new session.',
      chain: [link(agentDisabled.turnedBy, 'disabled the agent'), ...chain],
    };
  }
  if (killSwitch.lastOn && killSwitch.on && wasOnAtEnd(killSwitch.lastOn.time)) {
    return {
      verdict: 'KILL_SWITCH_BLOCKED_RENEWAL',
      summary: `The kill switch, on since ${killSwitch.lastOn.time}, let no renewal pass; the token ended at ${ended}.`,
      remedy: `Release it with \`sledger kill-switch off\`. ${NEW_SESSION}`,
      chain: [link(killSwitch.lastOn, 'turned the kill switch on'), ...chain],
    };
  }
  const unproven = lastTold(history, 'UnprovenRenewalRefused');
  if (unproven && unproven.event.data.generation === state.generation) {
    return {
      verdict: 'RENEWAL_WITHOUT_PROOF',
      summary: `A renewal at ${unproven.envelope.time} was refused: it came without a holder's proof (guard HOLDER_REQUIRED).`,
      remedy: 'Register that installation with `sledger mcp setup`; if it is none of yours, somebody has the token.',
      chain: [link(unproven.envelope, 'tried to renew it without proof'), ...chain],
    };
  }
  const overdue = lastTold(history, 'SessionRenewalOverdue');
  const renewed = lastTold(history, 'SessionRenewed');
  return {
    verdict: 'NOBODY_RENEWED',
    summary:
      `Nobody renewed it: the token of generation ${state.generation} ended at ${ended}` +
      (renewed
        ? `; the last renewal was by ${renewed.envelope.actor} at ${renewed.envelope.time}.`
        : ' and was never renewed.'),
    remedy: `See that the MCP process runs and reaches the server (\`sledger doctor\`, \`sledger holder list\`). ${NEW_SESSION}`,
    chain: [...(overdue ? [link(overdue.envelope, 'missed its renewal')] : []), ...chain],
  };
}
