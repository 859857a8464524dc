/**
 * What the buttons carry (Telegram allows 64 bytes). A button that ends something names the generation of the token that
 * its message was about: once the session has moved on, the button does nothing and says so.
 */
export type ButtonPress =
  | { action: 'newsession'; agentId: string }
  | { action: 'revoke' | 'confirm' | 'reject'; sessionId: string; generation: number }
  | { action: 'cancel' };

export interface Button {
  text: string;
  callback_data: string;
}

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const NEW_SESSION = new RegExp(`^newsession:(${UUID})$`);
const ON_SESSION = new RegExp(`^(revoke|confirm|reject):(${UUID}):(\\d{1,9})$`);

/** [Reject] under the message about a renewal. */
export function rejectButton(sessionId: string, generation: number, text: string): Button {
  return { text, callback_data: `reject:${sessionId}:${generation}` };
}

export function revokeButton(text: string, sessionId: string, generation: number): Button {
  return { text, callback_data: `revoke:${sessionId}:${generation}` };
}

export function confirmButton(sessionId: string, generation: number): Button {
  return { text: 'Yes, revoke it', callback_data: `confirm:${sessionId}:${generation}` };
}

export const CANCEL_BUTTON: Button = { text: 'No', callback_data: 'cancel' };

export function newSessionButton(text: string, agentId: string): Button {
  return { text, callback_data: `newsession:${agentId}` };
}

/** What a button says; null for data that is none of ours. */
export function parseButton(data: string): ButtonPress | null {
  if (data === 'cancel') return { action: 'cancel' };
  const agentId = NEW_SESSION.exec(data)?.[1];
  if (agentId !== undefined) return { action: 'newsession', agentId };
  const [, action, sessionId, generation] = ON_SESSION.exec(data) ?? [];
  if (action === undefined || sessionId === undefined) return null;
  return { action: action as 'revoke' | 'confirm' | 'reject', sessionId, generation: Number(generation) };
}
