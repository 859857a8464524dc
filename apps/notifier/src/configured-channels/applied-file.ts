import { createHash } from 'node:crypto';
import type { Database } from '#libs/database';
import type { SecretBox } from '#libs/tokens';

const CONTEXT = 'deliveries.channel_file';

/** Remembers which content of the channels file was applied last. */
export class AppliedFile {
  constructor(
    private readonly database: Database,
    private readonly box: SecretBox,
  ) {}

  async is(content: string): Promise<boolean> {
    const [row] = await this.database.query<{ digest: Buffer }>('select digest from deliveries.channel_file');
    return row !== undefined && this.box.unseal(row.digest, CONTEXT) === digestOf(content);
  }

  async remember(content: string): Promise<void> {
    await this.database.query(
      `insert into deliveries.channel_file (digest) values ($1)
       on conflict (one) do update set digest = excluded.digest, applied_at = clock_timestamp()`,
      [this.box.seal(digestOf(content), CONTEXT)],
    );
  }
}

function digestOf(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}
