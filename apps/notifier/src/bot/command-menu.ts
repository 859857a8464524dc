/** The commands as Telegram and /help list them. */
export const COMMAND_MENU = [
  { command: 'newsession', description: 'a new session for an agent' },
  { command: 'sessions', description: 'living sessions and when they end' },
  { command: 'status', description: 'the ledger and what needs attention' },
  { command: 'revoke', description: 'end a session' },
  { command: 'snooze', description: 'no alerts for a while: /snooze 2h, /snooze off' },
  { command: 'help', description: 'what this bot does' },
] as const;

export type CommandName = (typeof COMMAND_MENU)[number]['command'];
