import { cloudEvent } from '../envelope.js';
import { listOf } from '../http/common.js';
import { auditExportQuery, auditQuery } from '../http/queries.js';
import {
  auditState,
  auditStateQuery,
  checkpointList,
  checkpointsQuery,
  consistencyProof,
  consistencyQuery,
  inclusionProof,
  inclusionQuery,
} from '../http/proofs.js';
import { revocationPage, revocationsQuery } from '../http/revocations.js';
import { EXAMPLE_IDS, type Route } from './route.js';

export const AUDIT_ROUTES = [
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
    answers: { 200: { description: 'Checkpoints and the keys that verify them', schema: checkpointList } },
    example: { query: { limit: '5' } },
  },
  {
    method: 'GET',
    path: '/v1/audit/proofs/inclusion',
    area: 'Audit',
    summary: 'Proof that the event at a position is in the log of a size',
    credentials: ['owner', 'auditor'],
    query: inclusionQuery,
    answers: { 200: { description: 'The proof', schema: inclusionProof } },
    example: { query: { position: '1', size: '2' } },
  },
  {
    method: 'GET',
    path: '/v1/audit/proofs/consistency',
    area: 'Audit',
    summary: 'Proof that a larger log begins with a smaller one',
    credentials: ['owner', 'auditor'],
    query: consistencyQuery,
    answers: { 200: { description: 'The proof', schema: consistencyProof } },
    example: { query: { from: '1', to: '2' } },
  },
  {
    method: 'GET',
    path: '/v1/audit/log',
    area: 'Audit',
    summary: 'The whole log by position with its checkpoints, for `sledger audit verify`',
    credentials: ['owner', 'auditor'],
    answers: { 200: { description: 'One line an event', contentType: 'application/x-ndjson' } },
    example: {},
  },
  {
    method: 'GET',
    path: '/v1/audit/state',
    area: 'Audit',
    summary: 'Heads that are not the fold of their events: sessions, agents, holders, API keys, the kill switch',
    credentials: ['owner', 'auditor'],
    query: auditStateQuery,
    answers: { 200: { description: 'A page of what was compared and what of it differs', schema: auditState } },
    example: { query: { limit: '100' } },
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
] as const satisfies readonly Route[];
