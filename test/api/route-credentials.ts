/** Who may call what, one line for each route. What is not named is refused. */

export const CREDENTIALS = [
  'owner password',
  'owner key',
  'auditor key',
  'resource key',
  'session token',
  'holder',
] as const;
export type CredentialKind = (typeof CREDENTIALS)[number];

const OWNER: CredentialKind[] = ['owner password', 'owner key'];
const READERS: CredentialKind[] = [...OWNER, 'auditor key'];
const VERIFIERS: CredentialKind[] = [...READERS, 'resource key'];

export const ROUTE_CREDENTIALS: Record<string, readonly CredentialKind[] | 'everybody'> = {
  'GET /health/live': 'everybody',
  'GET /health/ready': 'everybody',
  'GET /metrics': 'everybody',
  'GET /docs': 'everybody',
  'GET /openapi.json': 'everybody',
  'GET /.well-known/jwks.json': 'everybody',
  'GET /.well-known/oauth-authorization-server': 'everybody',

  'GET /v1/session': ['session token'],
  'PUT /v1/sessions/:id/renew': ['session token'],
  'GET /v1/sessions': [...READERS, 'session token'],
  'GET /v1/sessions/:id': [...READERS, 'session token'],
  'GET /v1/sessions/:id/events': [...READERS, 'session token'],
  'GET /v1/updates': [...READERS, 'session token', 'holder'],
  'POST /v1/holders/token': ['holder'],
  'POST /v1/holders/receipts': ['holder'],

  'GET /v1/revocations': VERIFIERS,
  // A session token is told of itself only.
  'POST /oauth/introspect': [...VERIFIERS, 'session token'],
  // Whoever has an accepted token may end it; what else the credential is, counts for nothing.
  'POST /oauth/revoke': 'everybody',

  'GET /v1/agents': READERS,
  'GET /v1/agents/:id': READERS,
  'GET /v1/api-keys': READERS,
  'GET /v1/audit': READERS,
  'GET /v1/audit/checkpoints': READERS,
  'GET /v1/audit/export': READERS,
  'GET /v1/audit/log': READERS,
  'GET /v1/audit/proofs/consistency': READERS,
  'GET /v1/audit/proofs/inclusion': READERS,
  'GET /v1/audit/state': READERS,
  'GET /v1/channels': READERS,
  'GET /v1/channels/:id': READERS,
  'GET /v1/deliveries': READERS,
  'GET /v1/deliveries/:id': READERS,
  'GET /v1/holders': READERS,
  'GET /v1/keys': READERS,
  'GET /v1/kill-switch': READERS,
  'GET /v1/log/relay': READERS,
  'GET /v1/notifications/:id/why': READERS,
  'GET /v1/sessions/:id/holders': READERS,
  'GET /v1/silences': READERS,
  'GET /v1/status': READERS,

  'POST /v1/agents': OWNER,
  'PATCH /v1/agents/:id': OWNER,
  'POST /v1/agents/:id/revoke-sessions': OWNER,
  'POST /v1/api-keys': OWNER,
  'DELETE /v1/api-keys/:id': OWNER,
  'POST /v1/channels': OWNER,
  'PATCH /v1/channels/:id': OWNER,
  'DELETE /v1/channels/:id': OWNER,
  'POST /v1/channels/:id/rotate-secret': OWNER,
  'POST /v1/channels/:id/test': OWNER,
  'POST /v1/deliveries/:id/redeliver': OWNER,
  'POST /v1/holders': OWNER,
  'PATCH /v1/holders/:id': OWNER,
  'DELETE /v1/holders/:id': OWNER,
  'POST /v1/keys/rotate': OWNER,
  'POST /v1/log/keys/rotate': OWNER,
  'PUT /v1/kill-switch': OWNER,
  'DELETE /v1/kill-switch': OWNER,
  'POST /v1/log/adopt': OWNER,
  'POST /v1/sessions': OWNER,
  'DELETE /v1/sessions/:id': OWNER,
  'POST /v1/sessions/:id/rotate': OWNER,
  'POST /v1/silences': OWNER,
  'DELETE /v1/silences/:id': OWNER,
};
