import { expect, it } from '@jest/globals';
import { arrayParameter } from './array-parameter.js';

it('writes an array as PostgreSQL reads it', () => {
  expect(arrayParameter([1, null, undefined, 'plain', '', 'null', 'a,b{c}'])).toBe(
    '{1,NULL,NULL,"plain","","null","a,b{c}"}',
  );
  expect(arrayParameter(['say "hi"', 'back\\slash'])).toBe('{"say \\"hi\\"","back\\\\slash"}');
  expect(arrayParameter([])).toBe('{}');
});

it('leaves out what no text of PostgreSQL can hold', () => {
  expect(arrayParameter(['a\0b"\0'])).toBe('{"ab\\""}');
});
