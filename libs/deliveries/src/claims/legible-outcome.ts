import type { Outcome } from './claimed-message.js';

/**
 * The words of the far side as they can be kept: PostgreSQL refuses a NUL, and half of a surrogate pair is no text. What one server
 * says must never hold up the outcomes of the others.
 */
export function legibleOutcome(outcome: Outcome): Outcome {
  if (outcome.kind !== 'delivered') return { ...outcome, detail: legible(outcome.detail) };
  return {
    ...outcome,
    ...(outcome.detail !== undefined && { detail: legible(outcome.detail) }),
    ...(outcome.remoteRef !== undefined && { remoteRef: legible(outcome.remoteRef) }),
  };
}

function legible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}]/gu, ' ');
}
