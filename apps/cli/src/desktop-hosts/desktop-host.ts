import { posix, win32 } from 'node:path';
import type { Environment } from '../environment.js';
import { Failure } from '../failure.js';

/** How a host starts a stdio server. */
export interface ServerEntry {
  command: string;
  args: string[];
  env: Record<string, string>;
}

/** A program that runs MCP servers, and where it keeps its list of them. */
export interface DesktopHost {
  id: string;
  title: string;
  /** Member of the configuration that holds the servers. */
  section: 'mcpServers' | 'servers';
  /** Absolute path of the configuration on this platform. */
  configPath(environment: Environment, platform: NodeJS.Platform): string;
  /** The entry in the form of this host. */
  entry(entry: ServerEntry): Record<string, unknown>;
  /** What its user does after the change. */
  afterwards: string;
}

/** Where programs keep their settings. */
function settingsDir({ homeDir, appData, xdgConfigHome }: Environment, platform: NodeJS.Platform): string {
  if (platform === 'win32') return appData ?? win32.join(homeDir, 'AppData', 'Roaming');
  if (platform === 'darwin') return posix.join(homeDir, 'Library', 'Application Support');
  return xdgConfigHome ?? posix.join(homeDir, '.config');
}

function join(platform: NodeJS.Platform, ...parts: string[]): string {
  return (platform === 'win32' ? win32 : posix).join(...parts);
}

export const DESKTOP_HOSTS: readonly DesktopHost[] = [
  {
    id: 'claude-desktop',
    title: 'Claude Desktop',
    section: 'mcpServers',
    configPath: (environment, platform) =>
      join(platform, settingsDir(environment, platform), 'Claude', 'claude_desktop_config.json'),
    entry: (entry) => ({ ...entry }),
    afterwards: 'Quit Claude Desktop and start it again, this once.',
  },
  {
    id: 'claude-code',
    title: 'Claude Code',
    section: 'mcpServers',
    configPath: ({ homeDir }, platform) => join(platform, homeDir, '.claude.json'),
    entry: (entry) => ({ type: 'stdio', ...entry }),
    afterwards: 'Start a new Claude Code session, or run /mcp in a running one.',
  },
  {
    id: 'cursor',
    title: 'Cursor',
    section: 'mcpServers',
    configPath: ({ homeDir }, platform) => join(platform, homeDir, '.cursor', 'mcp.json'),
    entry: (entry) => ({ ...entry }),
    afterwards: 'Cursor notices by itself; see Settings, MCP.',
  },
  {
    id: 'vscode',
    title: 'VS Code',
    section: 'servers',
    configPath: (environment, platform) =>
      join(platform, settingsDir(environment, platform), 'Code', 'User', 'mcp.json'),
    entry: (entry) => ({ type: 'stdio', ...entry }),
    afterwards: 'VS Code notices by itself; start the server from “MCP: List Servers”.',
  },
];

export function desktopHost(id: string): DesktopHost {
  const host = DESKTOP_HOSTS.find((known) => known.id === id);
  if (host) return host;
  const known = DESKTOP_HOSTS.map((each) => each.id).join(', ');
  throw new Failure(`--host: there is no host "${id}"`, `Use ${known}.`, 'bad_option');
}
