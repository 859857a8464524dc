import { LedgerError, type ApiKeyRole, type ApiKeyView, type List } from '#libs/contracts';
import type { Database } from '#libs/database';
import { API_KEY_COLUMNS, apiKeyViewOf, type ApiKeyRow } from './api-key-rows.js';
import { hashOfApiKey } from './api-key-secret.js';

const FROM = 'from ledger.api_key k left join ledger.api_key_use u using (key_id)';
const FIND = `select ${API_KEY_COLUMNS} ${FROM} where k.key_id = $1`;
const FIND_LIVE = `select ${API_KEY_COLUMNS} ${FROM} where k.secret_hash = $1 and k.revoked_at is null`;
const OLDER = `select ${API_KEY_COLUMNS} ${FROM} where $1::uuid is null or k.key_id < $1 order by k.key_id desc limit $2`;
const NEWER = `select ${API_KEY_COLUMNS} ${FROM} where k.key_id > $1 order by k.key_id limit $2`;

/** To the minute, and one write a minute at most. */
const NOTE_USE = `
  insert into ledger.api_key_use as u (key_id, last_used_at)
  select $1, floor(extract(epoch from date_trunc('minute', clock_timestamp())))
  on conflict (key_id) do update set last_used_at = excluded.last_used_at
  where u.last_used_at < excluded.last_used_at`;
const CURSOR = /^[<>][0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const USE_NOTED_FOR_MS = 60_000;

export interface LiveApiKey {
  keyId: string;
  role: ApiKeyRole;
  /** null: all. */
  agents: readonly string[] | null;
}

/** API keys as the database has them: a revocation counts at once, on every instance. */
export class ApiKeys {
  private readonly noted = new Map<string, number>();

  constructor(
    private readonly database: Database,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  /** The key behind a secret; null when there is none or it was revoked. */
  async authenticate(secret: string): Promise<LiveApiKey | null> {
    const [row] = await this.database.prepared<ApiKeyRow>('api-keys.find-live', FIND_LIVE, [hashOfApiKey(secret)]);
    if (!row) return null;
    await this.noteUse(row.keyId);
    return { keyId: row.keyId, role: row.role, agents: row.agents };
  }

  async find(keyId: string): Promise<ApiKeyRow | null> {
    const [row] = await this.database.prepared<ApiKeyRow>('api-keys.find', FIND, [keyId]);
    return row ?? null;
  }

  /** Newest first; a cursor is `<` or `>` and the id of the key at the page's edge. */
  async list({ cursor, limit }: { cursor?: string | undefined; limit: number }): Promise<List<ApiKeyView>> {
    if (cursor !== undefined && !CURSOR.test(cursor))
      throw new LedgerError('BAD_REQUEST', { detail: 'This is no cursor of ours' });
    const backwards = cursor?.startsWith('>') === true;
    const edge = cursor?.slice(1) ?? null;
    const name = backwards ? 'api-keys.newer' : 'api-keys.older';
    const found = await this.database.prepared<ApiKeyRow>(name, backwards ? NEWER : OLDER, [edge, limit + 1]);
    const hasMore = found.length > limit;
    const rows = found.slice(0, limit);
    if (backwards) rows.reverse();
    const hasOlder = backwards || hasMore;
    const hasNewer = backwards ? hasMore : edge !== null;
    return {
      items: rows.map(apiKeyViewOf),
      nextCursor: hasOlder && rows.length > 0 ? `<${rows.at(-1)?.keyId}` : null,
      prevCursor: hasNewer && rows.length > 0 ? `>${rows[0]?.keyId}` : null,
    };
  }

  private async noteUse(keyId: string): Promise<void> {
    const now = this.clock();
    if (now - (this.noted.get(keyId) ?? -Infinity) < USE_NOTED_FOR_MS) return;
    this.noted.set(keyId, now);
    await this.database.prepared('api-keys.note-use', NOTE_USE, [keyId]);
  }
}
