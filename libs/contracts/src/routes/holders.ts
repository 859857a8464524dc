import { z } from 'zod';
import { listOf, uuid } from '../http/common.js';
import {
  assignHolderBody,
  handOverView,
  holderView,
  receiptAnswer,
  receiptBody,
  registerHolderBody,
} from '../http/holders.js';
import { holdersQuery } from '../http/queries.js';
import { EXAMPLE_IDS, type Route } from './route.js';

const byId = z.object({ id: uuid });

export const HOLDER_ROUTES = [
  {
    method: 'POST',
    path: '/v1/holders',
    area: 'Holders',
    summary: 'Register an installation that uses a session’s token',
    credentials: ['owner'],
    body: registerHolderBody,
    idempotent: true,
    answers: { 201: { description: 'The holder', schema: holderView } },
    errors: ['NOT_FOUND', 'SESSION_ENDED', 'VERSION_CONFLICT'],
    example: {
      body: {
        sessionId: EXAMPLE_IDS.session,
        name: 'laptop',
        signingKey: { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' },
        sealingKey: { kty: 'OKP', crv: 'X25519', x: '3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08' },
      },
    },
  },
  {
    method: 'GET',
    path: '/v1/holders',
    area: 'Holders',
    summary: 'List holders with the generation that each acknowledged',
    credentials: ['owner', 'auditor'],
    query: holdersQuery,
    answers: { 200: { description: 'A page of holders', schema: listOf(holderView) } },
    example: { query: { agentId: EXAMPLE_IDS.agent } },
  },
  {
    method: 'PATCH',
    path: '/v1/holders/:id',
    area: 'Holders',
    summary: 'Assign a holder to another session of its agent',
    credentials: ['owner'],
    params: byId,
    body: assignHolderBody,
    answers: { 200: { description: 'The holder', schema: holderView } },
    errors: ['SESSION_ENDED', 'VERSION_CONFLICT'],
    example: { params: { id: EXAMPLE_IDS.holder }, body: { sessionId: EXAMPLE_IDS.session } },
  },
  {
    method: 'DELETE',
    path: '/v1/holders/:id',
    area: 'Holders',
    summary: 'Remove a holder; its session is rotated',
    credentials: ['owner'],
    params: byId,
    answers: { 204: { description: 'Removed' } },
    errors: ['VERSION_CONFLICT'],
    example: { params: { id: EXAMPLE_IDS.holder } },
  },
  {
    method: 'POST',
    path: '/v1/holders/token',
    area: 'Holders',
    summary: 'Hand-over: the session’s current token, sealed to the holder (JWE)',
    credentials: ['holder'],
    oauth: true,
    answers: { 200: { description: 'The sealed token', schema: handOverView } },
    errors: ['AGENT_DISABLED', 'VERSION_CONFLICT'],
  },
  {
    method: 'POST',
    path: '/v1/holders/receipts',
    area: 'Holders',
    summary: 'Acknowledge the generation that the holder runs',
    credentials: ['holder'],
    body: receiptBody,
    answers: { 200: { description: 'Noted', schema: receiptAnswer } },
  },
] as const satisfies readonly Route[];
