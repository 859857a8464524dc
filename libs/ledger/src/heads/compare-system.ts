import { SYSTEM_STREAM, type DomainEvent } from '#libs/contracts';
import type { Database } from '#libs/database';
import type { ApiKeyHead, KillSwitch, StoredEvent } from '../types.js';
import { differingFields, type HeadDifference } from './head-difference.js';
import { apiKeyRows, type RowOf } from './head-rows.js';
import { eventVersionOf, storedStreams } from './stored-streams.js';

/** What the system's events tell of a key. The hash stands in no event of the first releases. */
interface FoldedKey extends Pick<ApiKeyHead, 'keyId' | 'role' | 'agents' | 'createdBy'> {
  secretHash?: string;
  isRevoked: boolean;
}

type FoldedSwitch = Pick<KillSwitch, 'active' | 'reason'>;

/** One statement, one moment: all keys, the switch, and how many events of the system they come from. */
const HEADS = `
  select array(select to_jsonb(k) from ledger.api_key k) as keys, w.active, w.reason,
    ${eventVersionOf('$1')} as version
  from ledger.kill_switch w`;

interface Row extends Record<string, unknown>, FoldedSwitch {
  keys: RowOf<ApiKeyHead>[];
  version: number;
}

/** Folds the system's stream and names every API key that differs, and the kill switch if it does. */
export async function compareSystem(database: Database): Promise<{ checked: number; differing: HeadDifference[] }> {
  const [row] = (await database.query<Row>(HEADS, [SYSTEM_STREAM])) as [Row];
  const keys = row.keys.map(apiKeyRows.fromRow);
  const checked = keys.length + 1;
  const events = (await storedStreams(database, [SYSTEM_STREAM])).get(SYSTEM_STREAM);
  if (events === null) {
    return { checked, differing: [{ kind: 'kill_switch', id: 'kill_switch', fields: ['unreadable'] }] };
  }
  const folded = fold((events ?? []).filter(({ version }) => version <= row.version));
  const differing: HeadDifference[] = keys.map((head) => {
    const expected = folded.keys.get(head.keyId);
    folded.keys.delete(head.keyId);
    const fields = expected ? differingFields(comparable(head, expected), expected) : ['unknown'];
    return { kind: 'api_key', id: head.keyId, fields };
  });
  for (const keyId of folded.keys.keys()) differing.push({ kind: 'api_key', id: keyId, fields: ['missing'] });
  const { active, reason } = row;
  differing.push({
    kind: 'kill_switch',
    id: 'kill_switch',
    fields: differingFields({ active, reason }, folded.killSwitch),
  });
  return { checked, differing: differing.filter(({ fields }) => fields.length > 0) };
}

function fold(events: readonly StoredEvent[]): { keys: Map<string, FoldedKey>; killSwitch: FoldedSwitch } {
  const keys = new Map<string, FoldedKey>();
  let killSwitch: FoldedSwitch = { active: false, reason: null };
  for (const { type, data, actor: createdBy } of events) {
    const event = { type, data } as DomainEvent;
    if (event.type === 'ApiKeyCreated') {
      const { keyId, role, agents = null, secretHash } = event.data;
      keys.set(keyId, { keyId, role, agents, createdBy, ...(secretHash && { secretHash }), isRevoked: false });
    } else if (event.type === 'ApiKeyRevoked') {
      Object.assign(keys.get(event.data.keyId) ?? {}, { isRevoked: true });
    } else if (event.type === 'KillSwitchActivated' || event.type === 'KillSwitchReleased') {
      killSwitch = { active: event.type === 'KillSwitchActivated', reason: event.data.reason ?? null };
    }
  }
  return { keys, killSwitch };
}

/** The head in the form in which its events tell it: a name stands in none of them. */
function comparable(head: ApiKeyHead, { secretHash }: FoldedKey): FoldedKey {
  const { keyId, role, agents, createdBy, revokedAt } = head;
  return {
    keyId,
    role,
    agents,
    createdBy,
    ...(secretHash !== undefined && { secretHash: head.secretHash }),
    isRevoked: revokedAt !== null,
  };
}
