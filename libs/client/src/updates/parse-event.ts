import { cloudEvent, type CloudEvent } from '#libs/contracts';

/** The event in a message, or null for anything else. */
export function parseEvent(text: string): CloudEvent | null {
  try {
    const parsed = cloudEvent.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
