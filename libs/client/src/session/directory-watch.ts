import { mkdirSync, watch, type FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Log } from '../log.js';

/**
 * Notices a replaced token file at once. Watches the directory: a watch on the file itself dies with the first rename.
 * Where it cannot watch, the regular look at the file still finds the change.
 */
export class DirectoryWatch {
  private watcher: FSWatcher | null = null;

  constructor(
    private readonly file: string,
    private readonly log: Log,
    private readonly changed: () => void,
  ) {}

  start(): void {
    const directory = dirname(this.file);
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      this.watcher = watch(directory, { persistent: false }, (_, name) => {
        if (name === null || name === basename(this.file)) this.changed();
      });
      this.watcher.on('error', () => this.stop());
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
      this.log.info(`${directory} cannot be watched (${code}); its token file is looked at every few seconds.`);
    }
  }

  stop(): void {
    this.watcher?.close();
    this.watcher = null;
  }
}
