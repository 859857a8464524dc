import type { CloudEvent } from '#libs/contracts';
import type { PoolClient } from '#libs/database';

export const READ_MODELS = ['audit', 'current_token'] as const;
export type ReadModelName = (typeof READ_MODELS)[number];

/** Tables of the read models; the audit search's words have one of their own. */
export type ReadModelTable = ReadModelName | 'audit_word';

/** What is folded from the log. Side effects never live here: a rebuild folds everything again. */
export interface ReadModel {
  name: ReadModelName;
  /** Folds a batch, dense and in order, into the tables of a generation, inside the caller's transaction. */
  apply(client: PoolClient, generation: number, batch: readonly CloudEvent[]): Promise<void>;
}

/** A table of one generation. */
export function generationTable(name: ReadModelTable, generation: number): string {
  return `read_model.${name}_g${generation}`;
}
