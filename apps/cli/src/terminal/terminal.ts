import type { Environment } from '../environment.js';

/** The world of one run: streams and environment, so that tests run commands in their own process. */
export interface Terminal {
  environment: Environment;
  stdout: NodeJS.WritableStream & { isTTY?: boolean; columns?: number; rows?: number };
  stderr: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  stdin: NodeJS.ReadableStream & { isTTY?: boolean };
  /** Aborted when the user presses Ctrl-C or the process is told to stop. */
  interrupted: AbortSignal;
}
