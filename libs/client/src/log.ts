/** Where a long-living part reports; every line is for a person who has to act on it. Never holds secrets. */
export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

const nothing = (): void => undefined;
/** For programs that do not want to hear. */
export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
