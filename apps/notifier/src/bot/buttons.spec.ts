import { describe, expect, it } from '@jest/globals';
import { CANCEL_BUTTON, confirmButton, newSessionButton, parseButton, rejectButton, revokeButton } from './buttons.js';

const ID = '0197c2aa-0000-7000-8000-000000000001';

describe('buttons', () => {
  it.each([
    [rejectButton(ID, 3, 'Reject'), { action: 'reject', sessionId: ID, generation: 3 }],
    [revokeButton('trader', ID, 999_999_999), { action: 'revoke', sessionId: ID, generation: 999_999_999 }],
    [confirmButton(ID, 0), { action: 'confirm', sessionId: ID, generation: 0 }],
    [newSessionButton('trader', ID), { action: 'newsession', agentId: ID }],
    [CANCEL_BUTTON, { action: 'cancel' }],
  ])('T5: come back as what they were made of, within 64 bytes: %j', (button, press) => {
    expect(parseButton(button.callback_data)).toEqual(press);
    expect(Buffer.byteLength(button.callback_data)).toBeLessThanOrEqual(64);
  });

  it.each([
    '',
    'reject',
    `reject:${ID}`,
    `reject:${ID}:-1`,
    `reject:${ID}:1x`,
    `drop:${ID}:1`,
    `newsession:${ID}:1`,
    'newsession:1',
  ])('with other data mean nothing: %j', (data) => expect(parseButton(data)).toBeNull());
});
