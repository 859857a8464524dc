import { setTimeout as sleep } from 'node:timers/promises';
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
const SMALLEST_BATCH = 250;
/** A transaction of the rebuild holds back everybody's events from its first row on: slower ones get fewer rows. */
const BATCH_MS = 250;
/** What may be missing at most when the swap's transaction begins: it holds the live model's checkpoint meanwhile. */
const SWAP_BACKLOG = 500;
/** How long the swap waits for the projector's batch: it has no transaction id yet. */
const CHECKPOINT_WAIT_MS = 500;
/** How long it waits for readers of the view: it has one then, and later readers wait behind it. */
const VIEW_WAIT_MS = 50;
const SWAP_PAUSE_MS = 150;
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
  const model = modelOf(name);
  const [begun] = await options.database.query<{ generation: number }>(
    'select read_model.begin_rebuild($1) as generation',
    [name],
  );
  const fresh = { model, generation: (begun as { generation: number }).generation, position: 0 };
  for (;;) {
    await catchUp(fresh, options);
    const swapped = await swap(fresh, options).catch((error: unknown) => {
      if ((error as { code?: string }).code === LOCK_NOT_AVAILABLE) return null;
      throw error;
    });
    if (swapped !== null) return swapped;
    // Whoever waited behind this attempt has its turn, and events get their place.
    await sleep(SWAP_PAUSE_MS, undefined, { signal: options.signal });
  }
}

/** The generation that is being built. */
interface Fresh {
  model: ReadModel;
  generation: number;
  position: number;
}

/** Folds batch after batch until hardly anything is missing. */
async function catchUp(fresh: Fresh, options: RebuildOptions): Promise<void> {
  const { database, readLog, batchSize = BATCH, onProgress, signal } = options;
  let size = batchSize;
  let reading = readAhead(readLog, fresh.position, size);
  for (;;) {
    signal?.throwIfAborted();
    const goal = await goalOf(database, fresh.model.name);
    onProgress?.({ position: fresh.position, total: goal });
    if (goal - fresh.position <= SWAP_BACKLOG) return;
    const batch = await reading;
    const next = batch.at(-1)?.position;
    if (next === undefined) throw storeLacks(fresh.position + 1);
    // The store reads on while this batch is folded.
    reading = readAhead(readLog, next, size);
    const started = performance.now();
    await database.transaction((client) => advance(client, fresh.model, fresh, batch));
    fresh.position = next;
    size = nextSize(size, performance.now() - started, batchSize);
  }
}

/** What fails is told when its turn comes. */
function readAhead(readLog: ReadLog, after: number, limit: number): Promise<CloudEvent[]> {
  const reading = readLog(after, limit);
  reading.catch(() => undefined);
  return reading;
}

function nextSize(size: number, tookMs: number, largest: number): number {
  if (tookMs > BATCH_MS) return Math.min(size, Math.max(SMALLEST_BATCH, Math.floor(size / 2)));
  return tookMs < BATCH_MS / 2 ? Math.min(size * 2, largest) : size;
}

/**
 * Brings the new generation level with the live one and makes it that, in one transaction. It gives up soon when the view
 * is being read: with a transaction id of its own it holds back everybody's events meanwhile.
 */
function swap({ model, generation, position: from }: Fresh, { database, readLog }: RebuildOptions): Promise<number> {
  return database.transaction(async (client) => {
    await client.query(`set local lock_timeout = '${CHECKPOINT_WAIT_MS}ms'`);
    const { rows } = await client.query<{ position: number }>(`${GOAL} for update of g`, [model.name]);
    const target = rows[0]?.position ?? 0;
    // The live model may stand still while this reads: the store has these events already.
    for (let position = from; position < target;) {
      const rest = await readLog(position, target - position);
      const reached = rest.at(-1)?.position;
      if (reached === undefined) throw storeLacks(position + 1);
      await advance(client, model, { generation, position }, rest);
      position = reached;
    }
    await client.query(`set local lock_timeout = '${VIEW_WAIT_MS}ms'`);
    await client.query('select read_model.swap($1, $2)', [model.name, generation]);
    return target;
  });
}

function storeLacks(position: number): Error {
  return new Error(`the store lacks position ${position}, the live read model has it`);
}

function modelOf(name: ReadModelName): ReadModel {
  const model = MODELS.find((candidate) => candidate.name === name);
  if (!model) throw new Error(`there is no read model ${name}`);
  return model;
}

/** Models whose live generation has seen events that are not the log's, or lacks an index: to be rebuilt before it goes on. */
export async function rebuildsDue(database: Database): Promise<ReadModelName[]> {
  const text = 'select model from read_model.generation where live and rebuild_due order by model';
  return (await database.query<{ model: ReadModelName }>(text)).map(({ model }) => model);
}

async function goalOf(database: Database, name: ReadModelName): Promise<number> {
  const [row] = await database.query<{ position: number }>(GOAL, [name]);
  return row?.position ?? 0;
}
