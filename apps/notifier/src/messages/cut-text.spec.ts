import { expect, it } from '@jest/globals';
import { shortText } from '../bot/short-text.js';
import { cutText } from './cut-text.js';

it.each([
  ['short', 'short'],
  ['just so long', 'just so long'],
  ['one more than fits', 'one more th…'],
  // The twelfth place would be taken by the first half of it.
  ['0123456789\u{1f600}', '0123456789\u{1f600}'],
  ['0123456789\u{1f600}0', '0123456789…'],
])('cuts %j without cutting a character in two', (text, cut) => {
  expect(cutText(text, 12)).toBe(cut);
  expect(shortText(text, 12)).toBe(cut);
});
