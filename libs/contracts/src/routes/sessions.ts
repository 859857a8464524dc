import { z } from 'zod';
import { cloudEvent } from '../envelope.js';
import { listOf, historyPage, uuid } from '../http/common.js';
import { sessionHoldersView } from '../http/holders.js';
import { sessionQuery, sessionsQuery } from '../http/queries.js';
import { createSessionBody, revokeSessionBody, sessionView, sessionWithToken } from '../http/sessions.js';
import { EXAMPLE_IDS, type Route } from './route.js';

const byId = z.object({ id: uuid });
const params = { id: EXAMPLE_IDS.session };

export const SESSION_ROUTES = [
  {
    method: 'POST',
    path: '/v1/sessions',
    area: 'Sessions',
    summary: 'Issue a session with its first token',
    credentials: ['owner'],
    body: createSessionBody,
    idempotent: true,
    answers: { 201: { description: 'The session and its token', schema: sessionWithToken } },
    errors: ['TTL_EXCEEDS_ABSOLUTE_LIFETIME', 'AGENT_DISABLED', 'NOT_FOUND', 'VERSION_CONFLICT'],
    example: {
      body: {
        agentId: EXAMPLE_IDS.agent,
        expiresIn: 86_400,
        maxRenewals: 10,
        constraints: { allowedOperations: ['read', 'pay'], maxAmountPerTx: '100.00' },
        reason: 'first set-up',
        labels: { team: 'payments' },
        supersede: false,
      },
    },
  },
  {
    method: 'GET',
    path: '/v1/sessions',
    area: 'Sessions',
    summary: 'List sessions, newest first; a session token sees those of its agent',
    credentials: ['owner', 'auditor', 'session'],
    query: sessionsQuery,
    answers: { 200: { description: 'A page of sessions', schema: listOf(sessionView) } },
    example: { query: { status: 'active', agentId: EXAMPLE_IDS.agent } },
  },
  {
    method: 'GET',
    path: '/v1/sessions/:id',
    area: 'Sessions',
    summary: 'Show a session, now or as it was at a time',
    credentials: ['owner', 'auditor', 'session'],
    params: byId,
    query: sessionQuery,
    answers: {
      200: {
        description:
          'The session; with `at` as its events up to that very millisecond had made it (400 for a time to come). With `minVersion` the answer waits up to 200 ms for that version and carries `Ledger-Stale: true` when it has not come',
        schema: sessionView,
      },
    },
    example: { params, query: { minVersion: '1' } },
  },
  {
    method: 'GET',
    path: '/v1/sessions/:id/events',
    area: 'Sessions',
    summary: 'A session’s history, oldest first or newest first',
    credentials: ['owner', 'auditor', 'session'],
    params: byId,
    query: historyPage,
    answers: { 200: { description: 'A page of events', schema: listOf(cloudEvent) } },
    example: { params, query: { limit: '10' } },
  },
  {
    method: 'GET',
    path: '/v1/sessions/:id/holders',
    area: 'Holders',
    summary: 'Which holders run the session’s current generation, or know of its end',
    credentials: ['owner', 'auditor'],
    params: byId,
    answers: { 200: { description: 'The receipts', schema: sessionHoldersView } },
    example: { params },
  },
  {
    method: 'POST',
    path: '/v1/sessions/:id/rotate',
    area: 'Sessions',
    summary: 'Give the session another token at once; the old one is dead, holders take the new one by hand-over',
    credentials: ['owner'],
    params: byId,
    idempotent: true,
    answers: { 200: { description: 'The session and its new token', schema: sessionWithToken } },
    errors: ['SESSION_ENDED', 'AGENT_DISABLED', 'VERSION_CONFLICT'],
    example: { params },
  },
  {
    method: 'DELETE',
    path: '/v1/sessions/:id',
    area: 'Sessions',
    summary: 'Revoke a session; to end it twice is no error',
    credentials: ['owner'],
    params: byId,
    query: revokeSessionBody,
    body: revokeSessionBody,
    bodyOptional: true,
    answers: { 200: { description: 'The session as it ended', schema: sessionView } },
    errors: ['VERSION_CONFLICT'],
    example: { params, body: { reason: 'no longer needed' } },
  },
  {
    method: 'GET',
    path: '/v1/session',
    area: 'Own session',
    summary: 'Who am I: the session of the token that asks',
    credentials: ['session'],
    answers: { 200: { description: 'The session', schema: sessionView } },
    example: {},
  },
  {
    method: 'PUT',
    path: '/v1/sessions/:id/renew',
    area: 'Own session',
    summary:
      'Renew: a new token for the same time to live. A session with holders also needs `Ledger-Holder-Assertion`',
    credentials: ['session'],
    params: byId,
    answers: { 200: { description: 'The session and its new token', schema: sessionWithToken } },
    errors: [
      'SESSION_RENEWAL_MISMATCH',
      'RENEWAL_CONFLICT',
      'HOLDER_REQUIRED',
      'RENEWAL_LIMIT_REACHED',
      'SESSION_ABSOLUTE_LIFETIME_EXCEEDED',
      'RENEWAL_TOO_EARLY',
      'AGENT_DISABLED',
      'VERSION_CONFLICT',
    ],
  },
  {
    method: 'GET',
    path: '/v1/updates',
    area: 'Own session',
    summary: 'The agent’s events as they happen (server-sent events; `Last-Event-ID` resumes)',
    credentials: ['owner', 'auditor', 'session', 'holder'],
    answers: { 200: { description: 'An endless stream', contentType: 'text/event-stream' } },
    errors: ['AGENT_DISABLED'],
  },
] as const satisfies readonly Route[];
