import type { Adapter } from 'oidc-provider';
import type { Database } from '#libs/database';

/** The peer's table: one row a model, its payload as JSON, as its documentation's adapters keep it. */
export const OIDC_TABLE = `
create table oidc_model (
  kind text not null, id text not null, payload jsonb not null, grant_id text, expires_at timestamptz, consumed_at timestamptz,
  primary key (kind, id)
);
create index on oidc_model (grant_id);
grant select, insert, update, delete on oidc_model to session_ledger_app`;

const UPSERT = `
insert into oidc_model (kind, id, payload, grant_id, expires_at) values ($1, $2, $3, $4, now() + $5 * interval '1 second')
on conflict (kind, id) do update set payload = excluded.payload, grant_id = excluded.grant_id, expires_at = excluded.expires_at`;
const FIND =
  'select payload, consumed_at from oidc_model where kind = $1 and id = $2 and (expires_at is null or expires_at > now())';

/** Makes the peer's adapter class on a pool with prepared statements, as the api has it. */
export function oidcAdapterOn(database: Database): new (kind: string) => Adapter {
  return class implements Adapter {
    constructor(private readonly kind: string) {}

    async upsert(id: string, payload: { grantId?: string }, expiresIn: number): Promise<void> {
      await database.prepared('oidc.upsert', UPSERT, [
        this.kind,
        id,
        payload,
        payload.grantId ?? null,
        expiresIn || 3600,
      ]);
    }

    async find(id: string): Promise<object | undefined> {
      const [row] = await database.prepared<{ payload: object; consumed_at: Date | null }>('oidc.find', FIND, [
        this.kind,
        id,
      ]);
      return (
        row && { ...row.payload, ...(row.consumed_at && { consumed: Math.floor(row.consumed_at.getTime() / 1000) }) }
      );
    }

    findByUserCode(): Promise<undefined> {
      return Promise.resolve(undefined);
    }

    findByUid(): Promise<undefined> {
      return Promise.resolve(undefined);
    }

    async consume(id: string): Promise<void> {
      const text = 'update oidc_model set consumed_at = now() where kind = $1 and id = $2';
      await database.prepared('oidc.consume', text, [this.kind, id]);
    }

    async destroy(id: string): Promise<void> {
      await database.prepared('oidc.destroy', 'delete from oidc_model where kind = $1 and id = $2', [this.kind, id]);
    }

    async revokeByGrantId(grantId: string): Promise<void> {
      await database.prepared('oidc.revoke', 'delete from oidc_model where grant_id = $1', [grantId]);
    }
  };
}
