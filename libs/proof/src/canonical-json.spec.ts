import { expect, it } from '@jest/globals';
import canonicalizeModule from 'canonicalize';
import fc from 'fast-check';
import { canonicalJson } from './canonical-json.js';

const canonicalize = canonicalizeModule as unknown as (value: unknown) => string | undefined;
const RUNS = Number(process.env['PROOF_FUZZ_RUNS'] ?? 1_000);

it('gives the same text whether the keys come in order or not', () => {
  const property = fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
    const expected = canonicalize(value);
    expect(canonicalJson(value)).toBe(expected);
    // Read back, the keys stand in order: the fast way.
    expect(canonicalJson(JSON.parse(expected as string))).toBe(expected);
  });
  fc.assert(property, { numRuns: RUNS });
});

it('orders keys by UTF-16, also those that an object lists as numbers first', () => {
  expect(canonicalJson({ 10: 1, 9: 2, a: { ç: 1, b: [3, { z: 1, y: null }] } })).toBe(
    '{"10":1,"9":2,"a":{"b":[3,{"y":null,"z":1}],"ç":1}}',
  );
});

it.each([NaN, Infinity, undefined, () => 1, 5n])('refuses %p', (value) => {
  expect(() => canonicalJson(value)).toThrow();
});

it('writes nothing for members that are undefined, as it always did', () => {
  expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
});
