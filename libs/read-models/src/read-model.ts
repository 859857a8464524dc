import type { CloudEvent } from '#libs/contracts';
import type { PoolClient } from '#libs/database';

export const READ_MODELS = ['audit', 'current_token'] as const;
export type ReadModelName = (typeof READ_MODELS)[number];

/** A table folded from the log. Side effects never live here: a rebuild folds everything again. */
export interface ReadModel {
  name: ReadModelName;
  /** Folds a batch, dense and in order, into the generation's `table`, inside the caller's transaction. */
  apply(client: PoolClient, table: string, batch: readonly CloudEvent[]): Promise<void>;
}

/** Table of one generation. */
export function generationTable(name: ReadModelName, generation: number): string {
  return `read_model.${name}_g${generation}`;
}
