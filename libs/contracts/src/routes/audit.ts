import { z } from 'zod';
import { cloudEvent } from '../envelope.js';
import { listOf } from '../http/common.js';
import { auditExportQuery, auditQuery, checkpointsQuery, checkpointView } from '../http/queries.js';
import { revocationPage, revocationsQuery } from '../http/revocations.js';
import { EXAMPLE_IDS, type Route } from './route.js';

export const AUDIT_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/audit',
    area: 'Audit',
    summary: 'Search the ledger’s events, newest first',
    credentials: ['owner', 'auditor'],
    query: auditQuery,
    answers: { 200: { description: 'A page of events', schema: listOf(cloudEvent) } },
    example: {
      query: { agentId: EXAMPLE_IDS.agent, type: 'SessionCreated', from: '2026-01-01T00:00:00Z', limit: '10' },
    },
  },
  {
    method: 'GET',
    path: '/v1/audit/export',
    area: 'Audit',
    summary: 'The same search in one stream, oldest first',
    credentials: ['owner', 'auditor'],
    query: auditExportQuery,
    answers: { 200: { description: 'NDJSON (one event a line) or CSV', contentType: 'application/x-ndjson' } },
    example: { query: { format: 'ndjson', sessionId: EXAMPLE_IDS.session } },
  },
  {
    method: 'GET',
    path: '/v1/audit/checkpoints',
    area: 'Audit',
    summary: 'Signed tree heads of the log, newest first',
    credentials: ['owner', 'auditor'],
    query: checkpointsQuery,
    answers: { 200: { description: 'Checkpoints', schema: z.object({ items: z.array(checkpointView) }) } },
    example: { query: { limit: '5' } },
  },
  {
    method: 'GET',
    path: '/v1/revocations',
    area: 'Audit',
    summary: 'What died before its time: the feed for verifiers that work offline',
    credentials: ['owner', 'auditor', 'resource'],
    query: revocationsQuery,
    answers: { 200: { description: 'A page of the feed', schema: revocationPage } },
    example: { query: { limit: '100' } },
  },
];
