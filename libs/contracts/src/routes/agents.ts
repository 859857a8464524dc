import { z } from 'zod';
import { agentView, createAgentBody, updateAgentBody } from '../http/agents.js';
import { listOf, page, uuid } from '../http/common.js';
import { revokeSessionBody } from '../http/sessions.js';
import { EXAMPLE_IDS, type Route } from './route.js';

const byId = z.object({ id: uuid });
const params = { id: EXAMPLE_IDS.agent };

export const AGENT_ROUTES = [
  {
    method: 'POST',
    path: '/v1/agents',
    area: 'Agents',
    summary: 'Register an agent',
    credentials: ['owner'],
    body: createAgentBody,
    idempotent: true,
    answers: { 201: { description: 'The agent', schema: agentView } },
    errors: ['NAME_TAKEN'],
    example: { body: { name: 'courier', defaultConstraints: { expiresIn: 86_400, maxRenewals: 20 } } },
  },
  {
    method: 'GET',
    path: '/v1/agents',
    area: 'Agents',
    summary: 'List agents, newest first',
    credentials: ['owner', 'auditor'],
    query: page,
    answers: { 200: { description: 'A page of agents', schema: listOf(agentView) } },
    example: { query: { limit: '20' } },
  },
  {
    method: 'GET',
    path: '/v1/agents/:id',
    area: 'Agents',
    summary: 'Show an agent',
    credentials: ['owner', 'auditor'],
    params: byId,
    answers: { 200: { description: 'The agent', schema: agentView } },
    example: { params },
  },
  {
    method: 'PATCH',
    path: '/v1/agents/:id',
    area: 'Agents',
    summary: 'Change an agent’s defaults, disable it or enable it',
    credentials: ['owner'],
    params: byId,
    body: updateAgentBody,
    answers: { 200: { description: 'The agent', schema: agentView } },
    errors: ['VERSION_CONFLICT'],
    example: { params, body: { defaultConstraints: { expiresIn: 3600 } } },
  },
  {
    method: 'POST',
    path: '/v1/agents/:id/revoke-sessions',
    area: 'Agents',
    summary: 'End every active session of an agent',
    credentials: ['owner'],
    params: byId,
    body: revokeSessionBody,
    bodyOptional: true,
    idempotent: true,
    answers: { 200: { description: 'How many were ended', schema: z.object({ revoked: z.int() }) } },
    errors: ['VERSION_CONFLICT'],
    example: { params, body: { reason: 'the laptop was lost' } },
  },
] as const satisfies readonly Route[];
