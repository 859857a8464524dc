import type { CommandDeps } from '#libs/commands';
import type { Channels } from '#libs/deliveries';
import type { Logger } from '#libs/platform';

/** What the bot works with: the same application layer as the HTTP API, and the channels for its tokens and chats. */
export interface BotDeps {
  commands: CommandDeps;
  channels: Channels;
  logger: Logger;
  /** Data directory of this machine: a new session's token is written there when an MCP process may live on it. */
  dataDir: string;
}
