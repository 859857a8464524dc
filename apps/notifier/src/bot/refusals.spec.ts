import { expect, it } from '@jest/globals';
import { Refusals } from './refusals.js';

it('answers a chat once a minute', () => {
  const refusals = new Refusals();
  expect([0, 1, 59_999, 60_000].map((now) => refusals.mayAnswer('chat', now))).toEqual([true, false, false, true]);
});

it('answers twenty chats a minute at most, and forgets them afterwards', () => {
  const refusals = new Refusals();
  const chats = Array.from({ length: 1_000 }, (_, index) => `chat ${index}`);
  expect(chats.filter((chat) => refusals.mayAnswer(chat, 0))).toHaveLength(20);
  expect(chats.filter((chat) => refusals.mayAnswer(chat, 60_000))).toHaveLength(20);
});
