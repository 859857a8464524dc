import type { CloudEvent } from '#libs/contracts';
import type { Database, PoolClient } from '#libs/database';
import { auditModel } from './audit/audit-model.js';
import { currentTokenModel } from './current-token/current-token-model.js';
import type { ReadModel, ReadModelName } from './read-model.js';

export const MODELS: readonly ReadModel[] = [auditModel, currentTokenModel];

interface Live extends Record<string, unknown> {
  model: ReadModelName;
  generation: number;
  position: number;
}

const LIVE = 'select model, generation, position from read_model.generation where live order by model';

/** From this many events on the read models are fed side by side: a second connection pays, and a second flush does not matter. */
const SIDE_BY_SIDE = 200;

/** The live read models, fed together: what a model projects and its checkpoint commit in one transaction. */
export class Projection {
  constructor(private readonly database: Database) {}

  /** Position that every live read model has reached. */
  async checkpoint(): Promise<number> {
    const live = await this.database.query<Live>(LIVE);
    return Math.min(...live.map(({ position }) => position));
  }

  /**
   * Applies events, dense, to each live read model that lacks them. Throws at a gap. A model that fails keeps its checkpoint;
   * the others may be ahead by this batch then, and pass over what they have when it comes again.
   */
  async apply(batch: readonly CloudEvent[]): Promise<void> {
    const groups = batch.length < SIDE_BY_SIDE ? [MODELS] : MODELS.map((model) => [model]);
    const results = await Promise.allSettled(
      groups.map((models) => this.database.transaction((client) => applyTo(client, models, batch))),
    );
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }
}

async function applyTo(client: PoolClient, models: readonly ReadModel[], batch: readonly CloudEvent[]): Promise<void> {
  const rows = await lockLive(client, models);
  for (const model of models) {
    const live = rows.find((row) => row.model === model.name);
    if (!live) throw new Error(`the read model ${model.name} has no live generation`);
    await advance(client, model, live, batch);
  }
}

/** A swap that commits while this waits leaves neither generation in the statement's view: the next statement sees the new one. */
async function lockLive(client: PoolClient, models: readonly ReadModel[]): Promise<Live[]> {
  const text = `
    select model, generation, position from read_model.generation where live and model = any($1)
    order by model for update`;
  const names = models.map(({ name }) => name);
  const { rows } = await client.query<Live>(text, [names]);
  return rows.length === models.length ? rows : (await client.query<Live>(text, [names])).rows;
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
  await model.apply(client, generation, fresh);
  const { rowCount } = await client.query({
    name: 'read_model.checkpoint',
    text: `update read_model.generation set position = $4 where model = $1 and generation = $2 and position = $3`,
    values: [model.name, generation, position, last.position],
  });
  if (rowCount !== 1) throw new Error(`another projector moved ${model.name} past ${position}; read on from there`);
}
