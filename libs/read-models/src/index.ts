export { READ_MODELS, type ReadModel, type ReadModelName } from './read-model.js';
export { MODELS, Projection } from './projection.js';
export { rebuild, rebuildsDue, type ReadLog, type RebuildOptions } from './generations/rebuild.js';
export { queryAudit, type AuditScope } from './audit/audit-query.js';
export { exportAudit } from './audit/export-audit.js';
export { agentEventsAfter, auditPosition, type AgentEventsAfter } from './agent-events.js';
export { type CurrentToken } from './current-token/current-token.js';
export { currentTokenOf, tokenChangesAfter } from './current-token/current-token-queries.js';
