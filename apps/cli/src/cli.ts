import type { OwnerClient } from '#libs/client';
import { connect } from './connection/connect.js';
import type { Settings } from './settings.js';
import { Screen } from './terminal/screen.js';
import type { Terminal } from './terminal/terminal.js';

/** What every command works with. */
export class Cli {
  readonly screen: Screen;
  private client: Promise<OwnerClient> | undefined;

  constructor(
    readonly terminal: Terminal,
    readonly settings: Settings,
  ) {
    this.screen = new Screen(terminal, settings.output);
  }

  /** The client with the owner's credential; made at the first call. */
  owner(): Promise<OwnerClient> {
    return (this.client ??= connect(this.settings));
  }
}
