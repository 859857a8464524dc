import { resolve } from 'node:path';
import type { Environment } from './environment.js';
import { Failure } from './failure.js';
import type { OutputFormat } from './terminal/screen.js';

/** Options that every command takes. */
export interface GlobalOptions {
  output?: string;
  dataDir?: string;
  baseUrl?: string;
}

export interface Settings {
  output: OutputFormat;
  /** Absolute. */
  dataDir: string;
  /** As given by option or environment; undefined: look into `server.json`. */
  baseUrl: string | undefined;
  ownerKeyFile: string | undefined;
}

export function readSettings(options: GlobalOptions, environment: Environment): Settings {
  const output = options.output ?? 'text';
  if (output !== 'text' && output !== 'json') {
    throw new Failure(`there is no output format "${output}"`, 'Use --output text or --output json.', 'bad_option');
  }
  return {
    output,
    dataDir: resolve(options.dataDir ?? environment.dataDir),
    baseUrl: options.baseUrl ?? environment.baseUrl,
    ownerKeyFile: environment.ownerKeyFile,
  };
}
