import { EVENT_TYPES, agentStream, sessionStream } from '#libs/contracts';
import { InvalidAppend, type AppendRequest, type StreamAppend } from '../types.js';

/** Largest canonical payload of one event, bytes. */
export const MAX_PAYLOAD_BYTES = 65_536;
/** Most events of one append. */
export const MAX_EVENTS = 1_000;

const STREAM_ID = /^[a-z]{1,16}(:[0-9A-Za-z_-]{1,64})?$/;

/** Refuses what the store must never hold. Throws InvalidAppend before anything is sent. */
export function checkAppend(request: AppendRequest): void {
  const { streams } = request;
  const events = streams.reduce((sum, { events }) => sum + events.length, 0);
  if (streams.length === 0) throw new InvalidAppend('an append needs a stream');
  if (events > MAX_EVENTS) throw new InvalidAppend(`${events} events in one append; at most ${MAX_EVENTS}`);
  if (new Set(streams.map(({ streamId }) => streamId)).size < streams.length) {
    throw new InvalidAppend('each stream may appear once in an append');
  }
  streams.forEach(checkStream);
  checkHeads(request);
}

function checkStream({ streamId, expectedVersion, events }: StreamAppend): void {
  if (!STREAM_ID.test(streamId)) {
    throw new InvalidAppend(
      `stream id ${JSON.stringify(streamId.slice(0, 100))} holds characters that a subject cannot carry`,
    );
  }
  if (expectedVersion !== null && (!Number.isSafeInteger(expectedVersion) || expectedVersion < 0)) {
    throw new InvalidAppend(`expected version ${expectedVersion} of ${streamId} is no version`);
  }
  for (const { type } of events) {
    if (!Object.hasOwn(EVENT_TYPES, type)) throw new InvalidAppend(`event type ${String(type)} is unknown`);
  }
}

/** A head must be the fold of exactly the stream that this append locks: else a later head could be overwritten by an earlier one. */
function checkHeads({ streams, heads }: AppendRequest): void {
  const versionAfter = new Map(
    streams.map(({ streamId, expectedVersion, events }) => [
      streamId,
      expectedVersion === null ? null : expectedVersion + events.length,
    ]),
  );
  const versioned = [
    ...(heads?.sessions ?? []).map(({ sessionId, version }) => ({ streamId: sessionStream(sessionId), version })),
    ...(heads?.agents ?? []).map(({ agentId, version }) => ({ streamId: agentStream(agentId), version })),
  ];
  for (const { streamId, version } of versioned) {
    if (versionAfter.get(streamId) !== version) {
      throw new InvalidAppend(
        `the head of ${streamId} has version ${version}, the append leads to ${versionAfter.get(streamId) ?? 'none'}: ` +
          'give its stream (with no events, if only the head changes) and its expected version',
      );
    }
  }
}
