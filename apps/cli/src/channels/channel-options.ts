import { readFileSync } from 'node:fs';
import { text as readAll } from 'node:stream/consumers';
import type { OwnerClient } from '#libs/client';
import type { ChannelType } from '#libs/contracts';
import { findAgent } from '../agents/find-agent.js';
import type { Cli } from '../cli.js';
import { Failure } from '../failure.js';
import { countOption } from '../options.js';

export interface ChannelOptions {
  url?: string;
  format?: string;
  chatId?: string;
  apiRoot?: string;
  from?: string;
  to?: string;
  secretFile?: string;
  event?: string[];
  minLevel?: string;
  agent?: string[];
  priority?: string;
  language?: string;
  quietHours?: string;
  timeZone?: string;
  dailyCheckpoint?: string;
}

/** What alerts it takes and how, as typed: the server judges, and its refusal names the field. */
export async function filtersOf(owner: OwnerClient, options: ChannelOptions): Promise<object> {
  const agents: string[] = [];
  for (const agent of options.agent ?? []) agents.push((await findAgent(owner, agent)).id);
  return {
    ...(options.event && { events: options.event }),
    ...(options.minLevel !== undefined && { minLevel: options.minLevel.toUpperCase() }),
    ...(agents.length > 0 && { agents }),
    ...(options.language !== undefined && { language: options.language }),
    ...(options.quietHours !== undefined && { quietHours: quietHoursOf(options.quietHours, options.timeZone) }),
    ...(options.dailyCheckpoint !== undefined && {
      dailyCheckpoint: switchOption('--daily-checkpoint', options.dailyCheckpoint),
    }),
    ...(options.priority !== undefined && { priority: countOption('--priority', options.priority) }),
  };
}

/** Type and configuration as the API takes them. */
export function configOf(
  type: string,
  options: ChannelOptions,
  secret: string | undefined,
): { type: ChannelType; config: object } {
  switch (type) {
    case 'webhook':
      return {
        type,
        config: {
          url: required('--url', options.url, type),
          ...(secret !== undefined && { secret }),
          ...(options.format !== undefined && { format: options.format }),
        },
      };
    case 'telegram':
      return {
        type,
        config: {
          botToken: required('--secret-file', secret, type),
          chatId: required('--chat-id', options.chatId, type),
          ...(options.apiRoot !== undefined && { apiRoot: options.apiRoot }),
        },
      };
    case 'email':
      return {
        type,
        config: {
          smtpUrl: required('--secret-file', secret, type),
          from: required('--from', options.from, type),
          to: required('--to', options.to, type),
        },
      };
    default:
      throw new Failure(`there is no channel type "${type}"`, 'Use telegram, email or webhook.', 'bad_option');
  }
}

/** The server judges the times; only the shape is read here. */
function quietHoursOf(span: string, timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone): object {
  const [from, to, ...more] = span.split('-');
  if (!from || !to || more.length > 0) {
    throw new Failure(`--quiet-hours: "${span}" is no span`, 'Give both times, as 22:00-07:00.', 'bad_option');
  }
  return { from, to, timeZone };
}

function switchOption(option: string, value: string): boolean {
  if (value === 'on' || value === 'off') return value === 'on';
  throw new Failure(`${option}: "${value}" is neither`, 'Give on or off.', 'bad_option');
}

function required(option: string, value: string | undefined, type: string): string {
  if (value !== undefined && value !== '') return value;
  throw new Failure(`a ${type} channel needs ${option}`, 'See `sledger channel add --help`.', 'bad_option');
}

/** Secrets come from a file or stdin: what stands on a command line is seen by every user of the machine. */
export async function readSecret(cli: Cli, path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return (path === '-' ? await readAll(cli.terminal.stdin) : readFileSync(path, 'utf8')).trim();
  } catch (error) {
    throw new Failure(`--secret-file: ${path} cannot be read`, 'Check the path.', 'bad_option', { cause: error });
  }
}
