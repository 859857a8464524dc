import { cutText } from '../messages/cut-text.js';

const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Names and reasons of others on one line of a message or button: nothing that hides or turns text, not too long. */
export function shortText(text: string, length = 60): string {
  return cutText(text.replace(CONTROLS, ' ').trim(), length);
}

/** A session id as people compare it: time part and one more group, enough to differ within a minute. */
export function shortId(id: string): string {
  return id.slice(0, 13);
}
