import { homedir } from 'node:os';
import { join } from 'node:path';

/** What `sledger` reads from its environment. Read here and nowhere else. */
export interface Environment {
  /** `LEDGER_DATA_DIR`, else `~/.session-ledger`. */
  dataDir: string;
  /** `LEDGER_BASE_URL`. */
  baseUrl: string | undefined;
  /** `LEDGER_OWNER_KEY_FILE`: another file with the owner credential than `<data dir>/owner-key`. */
  ownerKeyFile: string | undefined;
  /** `NO_COLOR` is set, or the terminal cannot show colours. */
  noColor: boolean;
  homeDir: string;
  /** `APPDATA` on Windows, where desktop hosts keep their settings. */
  appData: string | undefined;
  /** `XDG_CONFIG_HOME` on Linux. */
  xdgConfigHome: string | undefined;
}

export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const homeDir = env['HOME'] || homedir();
  return {
    dataDir: env['LEDGER_DATA_DIR'] || join(homeDir, '.session-ledger'),
    baseUrl: env['LEDGER_BASE_URL'] || undefined,
    ownerKeyFile: env['LEDGER_OWNER_KEY_FILE'] || undefined,
    noColor: Boolean(env['NO_COLOR']) || env['TERM'] === 'dumb',
    homeDir,
    appData: env['APPDATA'] || undefined,
    xdgConfigHome: env['XDG_CONFIG_HOME'] || undefined,
  };
}

/** What the app or library that runs next in this process shall find. */
export function giveEnvironment(values: Record<string, string>): void {
  Object.assign(process.env, values);
}
