import { earliestRenewalAt, remainingRenewals, toRfc3339, tokenStanding, type SessionState } from '#libs/session';
import { callHistory, lastTold, link, type CallEvents, type CallHistory } from './call-history.js';
import { explainEnd } from './explain-end.js';
import { explainRevocation } from './explain-revocation.js';
import { VERDICTS, type CallExplanation, type Finding, type Link } from './verdicts.js';

export interface ExplainCall {
  /** When the call was made. */
  at: Date;
  /** Generation of the token that it carried; the one that was current by default. */
  generation?: number;
  /** `previousTokenGrace` of the server, seconds. */
  graceSeconds?: number;
}

const DEFAULT_GRACE = 30;

/** Why a call with a session's token was accepted or refused at a time, from the ledger's events alone. */
export function explainCall(events: CallEvents, call: ExplainCall): CallExplanation {
  const history = callHistory(events, call.at);
  const { state } = history;
  const generation = call.generation ?? state?.generation ?? null;
  const finding =
    state === null
      ? notCreated(call.at)
      : findCause(history, state, generation ?? state.generation, call.graceSeconds ?? DEFAULT_GRACE);
  const { accepted, code } = VERDICTS[finding.verdict];
  return { ...finding, accepted, errorCode: code, generation, currentGeneration: state?.generation ?? null };
}

function findCause(history: CallHistory, state: SessionState, generation: number, grace: number): Finding {
  const born = bornLinks(history, generation);
  const standing = tokenStanding(state, generation, history.at.getTime() / 1000, grace);
  if (standing === 'revoked') return withLinks(born, explainRevocation(history));
  if (generation > state.generation) return withLinks(born, unknownGeneration(state, generation));
  if (standing === 'superseded') return withLinks(born, explainNewerToken(history, generation));
  if (standing === 'expired') return withLinks(born, explainEnd(history, state));
  if (history.killSwitch.on) return withLinks(born, killSwitchOn(history));
  return withLinks(
    born,
    standing === 'previous' ? inGrace(history, generation, grace) : current(history, state, generation),
  );
}

function withLinks(born: Link[], finding: Finding): Finding {
  return { ...finding, chain: [...born, ...finding.chain] };
}

/** How the token that was used came to be. */
function bornLinks(history: CallHistory, generation: number): Link[] {
  return history.told.flatMap(({ event, envelope }) => {
    if (event.type === 'SessionCreated') return [link(envelope, 'created the session')];
    if (event.type !== 'SessionRenewed' || event.data.generation !== generation) return [];
    return [link(envelope, `${verbOf(event.data.cause)} it: generation ${generation}, until ${event.data.expiresAt}`)];
  });
}

function verbOf(cause: 'renewal' | 'rotation'): string {
  return cause === 'renewal' ? 'renewed' : 'rotated';
}

function notCreated(at: Date): Finding {
  return {
    verdict: 'NOT_CREATED_YET',
    summary: `At ${at.toISOString()} this session did not exist yet.`,
    remedy: 'Ask for a later time.',
    chain: [],
  };
}

function unknownGeneration(state: SessionState, generation: number): Finding {
  return {
    verdict: 'GENERATION_UNKNOWN',
    summary: `No token of generation ${generation} was issued by then; the newest was ${state.generation}.`,
    remedy: 'The token is of another server, or the ledger was restored from an older backup: `sledger audit verify`.',
    chain: [],
  };
}

function explainNewerToken(history: CallHistory, generation: number): Finding {
  const next = history.told.find(
    ({ event }) => event.type === 'SessionRenewed' && event.data.generation === generation + 1,
  );
  const rotated = next?.event.type === 'SessionRenewed' && next.event.data.cause === 'rotation';
  const chain = next
    ? [link(next.envelope, `${verbOf(rotated ? 'rotation' : 'renewal')} it: generation ${generation + 1}`)]
    : [];
  const reuse = lastTold(history, 'TokenReuseDetected');
  if (reuse)
    chain.push(
      link(
        reuse.envelope,
        `generation ${reuse.event.data.generation} was presented once more from ${reuse.event.data.addressPrefix}`,
      ),
    );
  const who = next ? `${next.envelope.actor} at ${next.envelope.time}` : 'somebody';
  return {
    verdict: rotated ? 'ROTATED_BY_OWNER' : 'RENEWED_BY_HOLDER',
    summary: `The token of generation ${generation} was replaced by ${who}; the current one is ${history.state?.generation}.`,
    remedy:
      'Use the newer token: the MCP process takes it by itself; any other program reads its token file again. ' +
      'If nobody of yours renewed it: `sledger session rotate`.',
    chain,
  };
}

function killSwitchOn({ killSwitch }: CallHistory): Finding {
  const by = killSwitch.turnedBy;
  return {
    verdict: 'KILL_SWITCH_ACTIVE',
    summary: `The kill switch was on${by ? `, turned on by ${by.actor} at ${by.time}` : ''}: no session token was accepted.`,
    remedy: 'Keep the token. Release the switch when the danger is over: `sledger kill-switch off`.',
    chain: by ? [link(by, 'turned the kill switch on')] : [],
  };
}

function inGrace(history: CallHistory, generation: number, grace: number): Finding {
  const renewed = lastTold(history, 'SessionRenewed');
  return {
    verdict: 'ACCEPTED_IN_GRACE',
    summary: `Accepted: generation ${generation} had just been renewed and is taken for ${grace} more seconds.`,
    remedy: 'Nothing to do.',
    chain: renewed ? [link(renewed.envelope, `renewed it: generation ${renewed.event.data.generation}`)] : [],
  };
}

function current(history: CallHistory, state: SessionState, generation: number): Finding {
  const warned = lastTold(history, 'SessionExpiringSoon');
  const end = warned?.event.data.endsAt;
  if (warned && end !== undefined && Date.parse(end) > history.at.getTime() && isStillTrue(state, end)) {
    return {
      verdict: 'ACCEPTED',
      summary:
        `Accepted: generation ${generation} was the current token; the session was about to end, at ${end}: ` +
        `${whyItEnds(state, end)}.`,
      remedy: 'It works until then. See that it is renewed, or make a new session: `sledger mcp refresh-token`.',
      chain: [link(warned.envelope, `announced the end for ${end}`)],
    };
  }
  return {
    verdict: 'ACCEPTED',
    summary: `Accepted: generation ${generation} was the current token, valid until ${toRfc3339(state.expiresAt)}.`,
    remedy:
      'If a call was refused all the same, another server refused it, or it carried another token: `sledger doctor`.',
    chain: [],
  };
}

/** An end that was announced for a token which was then renewed is no end. */
function isStillTrue(state: SessionState, end: string): boolean {
  return end === toRfc3339(state.expiresAt) || end === toRfc3339(state.absoluteExpiresAt);
}

function whyItEnds(state: SessionState, end: string): string {
  const left = remainingRenewals(state);
  if (left === 0) return 'no renewal is left';
  if (end !== toRfc3339(state.expiresAt)) {
    return Number.isFinite(left) ? `${left} renewals were left, and its lifetime ends then` : 'its lifetime ends then';
  }
  const canBeRenewed = earliestRenewalAt(state) + state.expiresIn <= state.absoluteExpiresAt;
  return canBeRenewed ? 'nobody has renewed it, and it ends with its token' : 'a further token would outlive it';
}
