import { LOG } from '#libs/contracts';
import type { Database } from '#libs/database';

/** A signed checkpoint as it is kept. */
export interface StoredCheckpoint {
  size: number;
  root: Buffer;
  /** RFC 3339 UTC. */
  signedAt: string;
  /** The signed note. */
  note: string;
}

interface Row extends Record<string, unknown> {
  size: number;
  root: Buffer;
  signed_at: string;
  note: string;
}

const COLUMNS = `size, root, note, to_char(signed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as signed_at`;

/** Keeps the checkpoints of the log, newest first. */
export class CheckpointStore {
  constructor(private readonly database: Database) {}

  async add({ size, root, signedAt, note }: StoredCheckpoint): Promise<void> {
    const text = 'insert into ledger.checkpoint (log, size, root, signed_at, note) values ($1, $2, $3, $4, $5)';
    await this.database.prepared('checkpoints.add', text, [LOG, size, root, signedAt, note]);
  }

  /** The largest one: times are those of whichever process signed. */
  async latest(): Promise<StoredCheckpoint | null> {
    const text = `select ${COLUMNS} from ledger.checkpoint where log = $1 order by size desc, signed_at desc limit 1`;
    const [row] = await this.database.prepared<Row>('checkpoints.latest', text, [LOG]);
    return row ? checkpointOf(row) : null;
  }

  /** Checkpoints that were signed before `before` (all, when left out). */
  async list({ before, limit }: { before?: string; limit: number }): Promise<StoredCheckpoint[]> {
    const text = `
      select ${COLUMNS} from ledger.checkpoint
      where log = $1 and signed_at < coalesce($2::timestamptz, 'infinity')
      order by signed_at desc, size desc limit $3`;
    const rows = await this.database.prepared<Row>('checkpoints.list', text, [LOG, before ?? null, limit]);
    return rows.map(checkpointOf);
  }
}

function checkpointOf({ size, root, signed_at: signedAt, note }: Row): StoredCheckpoint {
  return { size, root, signedAt, note };
}
