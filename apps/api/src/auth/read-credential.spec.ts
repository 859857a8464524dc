import { expect, it } from '@jest/globals';
import type { ApiRequest } from './api-request.js';
import { readCredential } from './read-credential.js';

const jwt = (header: object) => `${Buffer.from(JSON.stringify(header)).toString('base64url')}.e30.c2ln`;
const TOKEN = jwt({ alg: 'EdDSA', typ: 'at+jwt', kid: 'a' });
const NEXT_TOKEN = jwt({ alg: 'EdDSA', typ: 'at+jwt', kid: 'b' });
const ASSERTION = jwt({ alg: 'EdDSA', typ: 'JWT', kid: 'c' });

const kindOf = (bearer: string) =>
  readCredential({ headers: { authorization: `Bearer ${bearer}` } } as ApiRequest).kind;

it('tells tokens and assertions apart by their own headers, whatever was read before them', () => {
  const sent = [TOKEN, TOKEN, ASSERTION, ASSERTION, TOKEN, NEXT_TOKEN, ASSERTION, 'garbage', ASSERTION, '..', TOKEN];
  expect(sent.map(kindOf)).toEqual([
    ...['session', 'session', 'holder', 'holder', 'session', 'session', 'holder'],
    ...['session', 'holder', 'session', 'session'],
  ]);
});
