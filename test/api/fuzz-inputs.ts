import fc from 'fast-check';
import { EXAMPLE_IDS } from '#libs/contracts';

/** Values that break parsers, counters, prototypes and databases. */
const nasty: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    [],
    {},
    '',
    0,
    -1,
    1e308,
    -1e308,
    2 ** 53,
    Number.MIN_VALUE,
    1e22,
    'null',
    '\u0000',
    'a\u0000b',
    '\ud800',
    '\u202e',
    'x'.repeat(5000),
    "'; drop schema ledger cascade; --",
    '${jndi:ldap://x}',
    '../../etc/passwd',
    '__proto__',
    '1e999',
    'NaN',
    '0x10',
    '2026-02-30T00:00:00Z',
    '+275761-01-01T00:00:00Z',
    EXAMPLE_IDS.agent,
  ),
  fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<unknown>,
  fc.string({ unit: 'binary' }),
);
/** Names that every object has. */
const PROTOTYPES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'];

/** Bodies like `good` with wrong, added and repeated members, other values, and torn JSON. */
export function jsonLike(good: object): fc.Arbitrary<string> {
  const fields = [...Object.keys(good), 'name'];
  const names = fc.constantFrom(...fields, ...PROTOTYPES);
  const mutated = fc.array(fc.tuple(names, nasty), { minLength: 1, maxLength: 4 }).map((pairs) => {
    const members = [...Object.entries(good), ...pairs].map(
      ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value) ?? 'null'}`,
    );
    return `{${members.join(',')}}`;
  });
  const torn = fc.constantFrom(
    '{',
    '[',
    '"',
    '{"a":',
    'nul',
    '[[[['.repeat(2000),
    '{"a":1}}',
    '\ufeff{}',
    '1e99999',
    '"\\ud800"',
  );
  return fc.oneof(
    { weight: 3, arbitrary: mutated },
    nasty.map((value) => JSON.stringify(value) ?? 'null'),
    torn,
  );
}

/** What stands where an id belongs. */
export const segment = fc.oneof(
  fc.constantFrom(
    EXAMPLE_IDS.agent,
    '%00',
    '%ff',
    '..',
    '%2e%2e%2f',
    'null',
    '1',
    'a'.repeat(3000),
    '%F0%28',
    "'",
    '019A9F3C-0000-7000-8000-0000000000A1',
  ),
  fc.string({ minLength: 1, maxLength: 40 }).map((text) => encodeURIComponent(wellFormed(text))),
);
/** Query strings of all lists, with wrong values. */
export const query = fc
  .array(
    fc.tuple(
      fc.constantFrom(
        'limit',
        'cursor',
        'at',
        'minVersion',
        'from',
        'to',
        'text',
        'actor',
        'type',
        'agentId',
        'status',
        'idPrefix',
        '__proto__',
        'before',
      ),
      nasty.map((value) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))),
    ),
    { maxLength: 4 },
  )
  .map((pairs) =>
    pairs.map(([name, value]) => `${name}=${encodeURIComponent(wellFormed(value.slice(0, 600)))}`).join('&'),
  );

/** Headers that the api reads, with what a client may put there. */
export const headers = fc.dictionary(
  fc.constantFrom(
    'idempotency-key',
    'last-event-id',
    'ledger-holder-assertion',
    'authorization',
    'x-request-id',
    'accept',
    'if-none-match',
    'range',
    'x-forwarded-for',
  ),
  fc.oneof(
    fc.constantFrom(
      '',
      ' ',
      '1',
      '-1',
      'x'.repeat(300),
      'ledger:0',
      'ledger:99999999999999999999',
      'ledger:-1',
      '__proto__:1',
      'Bearer ',
      'Bearer sl_key_',
      'Bearer sl_sess_a.b.c',
      'a.b.c',
      'eyJhbGciOiJub25lIn0.e30.',
      '\u00ff\u00fe',
      'bytes=0-99999999999',
    ),
    fc.string({ maxLength: 60 }).map((text) => text.replaceAll(/[^\x20-\x7e]/g, '?')),
  ),
  { maxKeys: 2 },
);

/** Lone surrogates cannot be percent-encoded. */
function wellFormed(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
