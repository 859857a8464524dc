import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const FOLDER = join(import.meta.dirname, '..', 'migrations');
const FILE = /^(\d{4})-([a-z0-9-]+)\.sql$/;

export type MigrationClass = new () => MigrationInterface;

/** Every file of `migrations/`, in order, as a TypeORM migration: one schema, one history, whichever service boots first. */
export function loadMigrations(folder = FOLDER): MigrationClass[] {
  return readdirSync(folder)
    .filter((file) => FILE.test(file))
    .sort()
    .map((file) => migrationOf(folder, file));
}

function migrationOf(folder: string, file: string): MigrationClass {
  const [, number, title] = FILE.exec(file) ?? [];
  // TypeORM orders by the last 13 characters of the name, a timestamp in milliseconds.
  const name = `${title}${String(1_700_000_000_000 + Number(number))}`;
  return class implements MigrationInterface {
    readonly name = name;

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(readFileSync(join(folder, file), 'utf8'));
    }

    async down(): Promise<void> {
      throw new Error('a ledger does not migrate down: restore a backup instead');
    }
  };
}
