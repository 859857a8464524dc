import { describe, expect, it } from '@jest/globals';
import { asksForSecret } from './on-purpose.js';

describe('a command that shows a secret', () => {
  it.each([
    ['session create --agent a --output json', true],
    ['session create --agent a --token-file t --output json', false],
    ['session create --agent a', false],
    ['session rotate 1 --output json', false],
    ['channel add webhook ops --url http://x --output json', true],
    ['channel add telegram me --secret-file - --output json', false],
    ['channel list --output json', false],
    ['mcp setup --output json', false],
  ])('is told from one that does not: %s', (line, shows) => {
    expect(asksForSecret(line.split(' '))).toBe(shows);
  });
});
