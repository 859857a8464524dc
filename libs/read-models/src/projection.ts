import type { CloudEvent } from '#libs/contracts';
import type { Database, PoolClient } from '#libs/database';
import { auditModel } from './audit/audit-model.js';
import { currentTokenModel } from './current-token/current-token-model.js';
import { generationTable, type ReadModel, type ReadModelName } from './read-model.js';

export const MODELS: readonly ReadModel[] = [auditModel, currentTokenModel];

interface Live extends Record<string, unknown> {
  model: ReadModelName;
  generation: number;
  position: number;
}

const LIVE = 'select model, generation, position from read_model.generation where live order by model';

/** The live read models, fed together: projection and checkpoints commit in one transaction. */
export class Projection {
  constructor(private readonly database: Database) {}

  /** Position that every live read model has reached. */
  async checkpoint(): Promise<number> {
    const live = await this.database.query<Live>(LIVE);
    return Math.min(...live.map(({ position }) => position));
  }

  /** Applies events, dense, to each live read model that lacks them. Throws, and changes nothing, at a gap. */
  async apply(batch: readonly CloudEvent[]): Promise<void> {
    await this.database.transaction(async (client) => {
      const rows = await lockLive(client);
      for (const model of MODELS) {
        const live = rows.find((row) => row.model === model.name);
        if (!live) throw new Error(`the read model ${model.name} has no live generation`);
        await advance(client, model, live, batch);
      }
    });
  }
}

/** A swap that commits while this waits leaves neither generation in the statement's view: the next statement sees the new one. */
async function lockLive(client: PoolClient): Promise<Live[]> {
  const { rows } = await client.query<Live>(`${LIVE} for update`);
  return rows.length === MODELS.length ? rows : (await client.query<Live>(`${LIVE} for update`)).rows;
}

/** Folds what a generation lacks of the batch and moves its checkpoint, in the caller's transaction. */
export async function advance(
  client: PoolClient,
  model: ReadModel,
  { generation, position }: Pick<Live, 'generation' | 'position'>,
  batch: readonly CloudEvent[],
): Promise<void> {
  const fresh = batch.filter((event) => event.position > position);
  const [first, last] = [fresh[0], fresh.at(-1)];
  if (!first || !last) return;
  if (first.position !== position + 1 || last.position !== position + fresh.length) {
    throw new Error(`${model.name} is at ${position}, the batch begins at ${first.position}: positions are dense`);
  }
  await model.apply(client, generationTable(model.name, generation), fresh);
  const { rowCount } = await client.query({
    name: 'read_model.checkpoint',
    text: `update read_model.generation set position = $4 where model = $1 and generation = $2 and position = $3`,
    values: [model.name, generation, position, last.position],
  });
  if (rowCount !== 1) throw new Error(`another projector moved ${model.name} past ${position}; read on from there`);
}
