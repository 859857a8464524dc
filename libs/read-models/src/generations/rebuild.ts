import { type CloudEvent } from '#libs/contracts';
import { type Database } from '#libs/database';
import { advance, MODELS } from '../projection.js';
import { type ReadModelName } from '../read-model.js';

/** Reads the log by position. */
export type ReadLog = (after: number, limit: number) => Promise<CloudEvent[]>;

export interface RebuildOptions {
  database: Database;
  readLog: ReadLog;
  batchSize?: number;
  onProgress?: (progress: { position: number; total: number }) => void;
  signal?: AbortSignal;
}

const BATCH = 1_000;
/** What may be missing at most when the swap's transaction begins: it holds the live model's checkpoint meanwhile. */
const SWAP_BACKLOG = 500;

/**
 * Folds a read model anew from the whole log beside the live one, then swaps: reads go on throughout, and every
 * transaction is one batch long. Answers the position at the swap.
 */
export async function rebuild(name: ReadModelName, options: RebuildOptions): Promise<number> {
  const { database, readLog, batchSize = BATCH, onProgress, signal } = options;
  const model = MODELS.find((candidate) => candidate.name === name);
  if (!model) throw new Error(`there is no read model ${name}`);
  const [begun] = await database.query<{ generation: number }>('select read_model.begin_rebuild($1) as generation', [
    name,
  ]);
  const generation = (begun as { generation: number }).generation;
  let position = 0;
  let reading = readLog(0, batchSize);
  for (;;) {
    signal?.throwIfAborted();
    const live = await livePosition(database, name);
    onProgress?.({ position, total: live });
    if (live - position <= SWAP_BACKLOG) break;
    const batch = await reading;
    const next = batch.at(-1)?.position ?? position;
    // The store reads on while this batch is folded; its failure is told when its turn comes.
    reading = readLog(next, batchSize);
    reading.catch(() => undefined);
    await database.transaction((client) => advance(client, model, { generation, position }, batch));
    position = next;
  }
  return database.transaction(async (client) => {
    const { rows } = await client.query<{ position: number }>(
      'select position from read_model.generation where model = $1 and live for update',
      [name],
    );
    const target = rows[0]?.position ?? 0;
    // The live model may stand still while this reads: the store has these events already.
    while (position < target) {
      const rest = (await readLog(position, target - position)).slice(0, target - position);
      const reached = rest.at(-1)?.position;
      if (reached === undefined) throw new Error(`the store lacks position ${position + 1}, the live one has it`);
      await advance(client, model, { generation, position }, rest);
      position = reached;
    }
    await client.query('select read_model.swap($1, $2)', [name, generation]);
    return target;
  });
}

async function livePosition(database: Database, name: ReadModelName): Promise<number> {
  const text = 'select position from read_model.generation where model = $1 and live';
  const [row] = await database.query<{ position: number }>(text, [name]);
  return row?.position ?? 0;
}
