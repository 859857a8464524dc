import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Failure } from '../failure.js';

/** Fails unless files can be made in this directory, or in the nearest one above that exists. */
export function requireWritable(directory: string): void {
  let existing = directory;
  while (!existsSync(existing) && existing !== dirname(existing)) existing = dirname(existing);
  if (!statSync(existing).isDirectory()) {
    throw new Failure(`${existing} is no directory`, 'Choose another place with --data-dir.', 'data_dir_unusable');
  }
  try {
    accessSync(existing, constants.W_OK | constants.X_OK);
  } catch (error) {
    const remedy = 'Run as the user that owns it, or choose another place with --data-dir.';
    throw new Failure(`${existing} cannot be written to`, remedy, 'data_dir_unusable', { cause: error });
  }
}
