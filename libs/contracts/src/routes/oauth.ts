import { z } from 'zod';
import { authorizationServerMetadata, introspection, tokenParameter } from '../http/oauth.js';
import type { Route } from './route.js';

const jwks = z.object({
  keys: z.array(
    z.object({
      kty: z.literal('OKP'),
      crv: z.literal('Ed25519'),
      x: z.string(),
      kid: z.string(),
      alg: z.string(),
      use: z.string(),
    }),
  ),
});

export const OAUTH_ROUTES = [
  {
    method: 'POST',
    path: '/oauth/introspect',
    area: 'OAuth',
    summary: 'RFC 7662: is this token good now?',
    credentials: ['owner', 'auditor', 'resource', 'session'],
    body: tokenParameter,
    form: true,
    oauth: true,
    answers: { 200: { description: 'The token’s claims, or only that it is inactive', schema: introspection } },
    example: { body: { token: 'sl_sess_eyJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl' } },
  },
  {
    method: 'POST',
    path: '/oauth/revoke',
    area: 'OAuth',
    summary: 'RFC 7009: end the session of a token; always 200',
    credentials: ['none', 'owner', 'session'],
    body: tokenParameter,
    form: true,
    oauth: true,
    answers: { 200: { description: 'Done, or nothing to do' } },
    errors: ['VERSION_CONFLICT'],
    example: { body: { token: 'sl_sess_eyJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl' } },
  },
  {
    method: 'GET',
    path: '/.well-known/oauth-authorization-server',
    area: 'OAuth',
    summary: 'RFC 8414: where everything is',
    credentials: ['none'],
    fixed: true,
    answers: { 200: { description: 'The metadata', schema: authorizationServerMetadata } },
    example: {},
  },
  {
    method: 'GET',
    path: '/.well-known/jwks.json',
    area: 'OAuth',
    summary: 'RFC 7517: the public keys that tokens are verified with',
    credentials: ['none'],
    answers: { 200: { description: 'The keys', schema: jwks } },
    example: {},
  },
] as const satisfies readonly Route[];
