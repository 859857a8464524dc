import type { RecordedEvent } from '#libs/contracts';

/** An event as the store would have it at this position, for tests of the stream alone. */
export function sampleEvent(position: number): RecordedEvent {
  return {
    position,
    streamId: 'agent:0190c0de-0000-7000-8000-000000000001',
    version: position,
    id: `0190c0de-0000-7000-9000-${String(position).padStart(12, '0')}`,
    type: 'AgentEnabled',
    schemaVersion: 1,
    time: '2026-11-21T00:00:00.000000Z',
    actor: 'owner',
    requestId: 'test',
    payload: '{"agentId":"0190c0de-0000-7000-8000-000000000001"}',
    leaf: 'ab'.repeat(32),
  };
}
