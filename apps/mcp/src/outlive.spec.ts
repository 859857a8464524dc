import { EventEmitter } from 'node:events';
import { expect, it } from '@jest/globals';
import { outlive } from './outlive.js';

it.each([
  [new Error('a reason'), 'Unexpected: a reason. Going on.'],
  [null, 'Unexpected: null. Going on.'],
  [undefined, 'Unexpected: undefined. Going on.'],
  [Object.create(null), 'Unexpected: [Object: null prototype] {}. Going on.'],
])('survives whatever is thrown: %p', (thrown, said) => {
  const process = new EventEmitter();
  const lines: string[] = [];
  outlive(process, (line) => void lines.push(line));
  for (const event of ['uncaughtException', 'unhandledRejection']) process.emit(event, thrown);
  expect(lines).toEqual([said, said]);
});
