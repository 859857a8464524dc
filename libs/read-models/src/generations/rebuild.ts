import { LOG, type CloudEvent } from '#libs/contracts';
import type { Database } from '#libs/database';
import { advance, MODELS } from '../projection.js';
import type { ReadModel, ReadModelName } from '../read-model.js';

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
const SWAP_WAIT_MS = 500;
const LOCK_NOT_AVAILABLE = '55P03';

/** Where the new generation must be: level with the live one; where that one must go, at the end of the log. */
const GOAL = `
  select case when g.rebuild_due then s.position else g.position end as position
  from read_model.generation g cross join ledger.sequencer s where g.model = $1 and g.live and s.log = '${LOG}'`;

/**
 * Folds a read model anew from the whole log beside the live one, then swaps: reads go on throughout, and every
 * transaction is one batch long. Answers the position at the swap.
 */
export async function rebuild(name: ReadModelName, options: RebuildOptions): Promise<number> {
  const { database, readLog, batchSize = BATCH, onProgress, signal } = options;
  const model = modelOf(name);
  const [begun] = await database.query<{ generation: number }>('select read_model.begin_rebuild($1) as generation', [
    name,
  ]);
  const generation = (begun as { generation: number }).generation;
  let position = 0;
  let reading = readLog(0, batchSize);
  for (;;) {
    signal?.throwIfAborted();
    const goal = await goalOf(database, name);
    onProgress?.({ position, total: goal });
    if (goal - position <= SWAP_BACKLOG) break;
    const batch = await reading;
    const next = batch.at(-1)?.position ?? position;
    // The store reads on while this batch is folded; its failure is told when its turn comes.
    reading = readLog(next, batchSize);
    reading.catch(() => undefined);
    await database.transaction((client) => advance(client, model, { generation, position }, batch));
    position = next;
  }
  for (;;) {
    signal?.throwIfAborted();
    const swapped = await swap(name, generation, position, options).catch((error: unknown) => {
      if ((error as { code?: string }).code === LOCK_NOT_AVAILABLE) return null;
      throw error;
    });
    if (swapped !== null) return swapped;
  }
}

/**
 * Brings the new generation level with the live one and makes it that, in one transaction. It waits only so long for a
 * reader of the view: with a transaction id of its own it would hold back everybody's events meanwhile.
 */
function swap(name: ReadModelName, generation: number, from: number, options: RebuildOptions): Promise<number> {
  const { database, readLog } = options;
  const model = modelOf(name);
  return database.transaction(async (client) => {
    await client.query(`set local lock_timeout = '${SWAP_WAIT_MS}ms'`);
    const { rows } = await client.query<{ position: number }>(`${GOAL} for update of g`, [name]);
    const target = rows[0]?.position ?? 0;
    // The live model may stand still while this reads: the store has these events already.
    for (let position = from; position < target;) {
      const rest = await readLog(position, target - position);
      const reached = rest.at(-1)?.position;
      if (reached === undefined) throw new Error(`the store lacks position ${position + 1}, the live one has it`);
      await advance(client, model, { generation, position }, rest);
      position = reached;
    }
    await client.query('select read_model.swap($1, $2)', [name, generation]);
    return target;
  });
}

function modelOf(name: ReadModelName): ReadModel {
  const model = MODELS.find((candidate) => candidate.name === name);
  if (!model) throw new Error(`there is no read model ${name}`);
  return model;
}

/** Models whose live generation has seen events that are not the log's: to be rebuilt before it is used on. */
export async function rebuildsDue(database: Database): Promise<ReadModelName[]> {
  const text = 'select model from read_model.generation where live and rebuild_due order by model';
  return (await database.query<{ model: ReadModelName }>(text)).map(({ model }) => model);
}

async function goalOf(database: Database, name: ReadModelName): Promise<number> {
  const [row] = await database.query<{ position: number }>(GOAL, [name]);
  return row?.position ?? 0;
}
