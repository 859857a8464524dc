import { type CloudEvent } from '#libs/contracts';
import { type Member } from '#libs/deliveries';

const PREFIX = 'reject:';

/** The button under a renewal: bound to the session and to the generation that was issued. At most 64 bytes go into it. */
export function rejectButton({ envelope }: Member): { text: string; data: string } {
  const { sessionId, generation } = (JSON.parse(envelope) as CloudEvent).data as { sessionId: string; generation: number };
  const id = Buffer.from(sessionId.replaceAll('-', ''), 'hex').toString('base64url');
  return { text: 'Reject this renewal', data: `${PREFIX}${id}:${generation.toString(36)}` };
}

/** What a pressed button asks for; null when it is another one. */
export function parseRejectButton(data: string): { sessionId: string; generation: number } | null {
  const [, id, generation] = /^reject:([A-Za-z0-9_-]{22}):([0-9a-z]{1,8})$/.exec(data) ?? [];
  if (id === undefined || generation === undefined) return null;
  const hex = Buffer.from(id, 'base64url').toString('hex');
  const sessionId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return { sessionId, generation: parseInt(generation, 36) };
}
