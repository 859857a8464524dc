import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { OwnerClient } from '#libs/client';
import type { AgentView, CreateSessionBody, SessionWithToken } from '#libs/contracts';
import { findAgent, onlyAgent } from '../agents/find-agent.js';
import type { Cli } from '../cli.js';
import { type DesktopHost, desktopHost } from '../desktop-hosts/desktop-host.js';
import { applyChange, planChange } from '../desktop-hosts/host-config.js';
import { serverEntry, serverName } from '../desktop-hosts/server-entry.js';
import { Failure } from '../failure.js';
import { listOption, renewalsOption, spanOption } from '../options.js';
import { holderName, holdSession } from './hold-session.js';
import { diffText, type SetupResult, setupText } from './setup-text.js';
import { requireWritable } from './require-writable.js';

export interface McpSetupOptions {
  agent?: string;
  expiresIn?: string;
  maxRenewals?: string;
  allowedOps?: string;
  name?: string;
  host: string;
  write?: boolean;
  dryRun?: boolean;
}

/** Everything that can fail without a trace is tried before the session is made. */
export async function mcpSetup(cli: Cli, options: McpSetupOptions): Promise<void> {
  const host = desktopHost(options.host);
  const name = holderName(options.name);
  const path = host.configPath(cli.terminal.environment, process.platform);
  const serverNamed = serverName(options.name);
  const entry = serverEntry(cli.settings, options.name);
  const change = options.write || options.dryRun ? planChange(host, path, serverNamed, entry) : null;
  if (change !== null) cli.screen.note(diffText(cli.screen.errorStyle, change));
  if (options.dryRun) {
    cli.screen.result(
      { host: host.id, path, before: change?.before, after: change?.after },
      () => 'Nothing was created or changed.',
    );
    return;
  }
  const request = constraintsOf(options);
  requireWritable(cli.settings.dataDir);
  const owner = await cli.owner();
  const agent = options.agent === undefined ? await onlyAgent(owner) : await findAgent(owner, options.agent);
  const session = await issue(owner, agent, request, options.name);
  const holderId = await holdSession(owner, { ...cli.settings, session, name });
  const tokenFile = await writeToken(cli.settings.dataDir, session, options.name);
  // Planned anew: the host may have written its file meanwhile.
  const backup = change === null ? null : await applyChange(planChange(host, path, serverNamed, entry));

  const result: SetupResult = {
    sessionId: session.id,
    agentId: session.agentId,
    expiresAt: session.expiresAt,
    tokenFile,
    holderId,
    snippet: { [host.section]: { [serverNamed]: host.entry(entry) } },
    host: { id: host.id, path, written: change !== null, backup },
  };
  cli.screen.result(result, () => setupText(cli.screen.style, session, host, result));
  adviseMissingHost(cli, host, path, options);
}

function constraintsOf(options: McpSetupOptions): Omit<CreateSessionBody, 'agentId'> {
  return {
    ...(options.expiresIn !== undefined && { expiresIn: spanOption('--expires-in', options.expiresIn) }),
    ...(options.maxRenewals !== undefined && { maxRenewals: renewalsOption(options.maxRenewals) }),
    ...(options.allowedOps !== undefined && { constraints: { allowedOperations: listOption(options.allowedOps) } }),
  };
}

/** A named holder gets a session of its own and ends nobody else's. */
function issue(
  owner: OwnerClient,
  agent: AgentView,
  request: Omit<CreateSessionBody, 'agentId'>,
  name: string | undefined,
): Promise<SessionWithToken> {
  const reason = name === undefined ? 'mcp setup' : `mcp setup of ${name}`;
  return owner.createSession({
    agentId: agent.id,
    ...request,
    reason,
    ...(name !== undefined && { supersede: false }),
  });
}

async function writeToken(dataDir: string, session: SessionWithToken, name: string | undefined): Promise<string> {
  const { getMcpTokenPath, writeMcpToken } = await import('#libs/token-file');
  const path = getMcpTokenPath(dataDir, name);
  try {
    await writeMcpToken(path, session.token ?? '');
    return path;
  } catch (error) {
    throw new Failure(
      `session ${session.id} was created, but the token file could not be written: ${(error as Error).message}`,
      'Mend that and run `sledger mcp setup` again; an MCP process that starts meanwhile fetches the token itself.',
      'token_file_failed',
      { cause: error },
    );
  }
}

function adviseMissingHost(cli: Cli, host: DesktopHost, path: string, { write }: McpSetupOptions): void {
  if (write || existsSync(path) || existsSync(join(path, '..'))) return;
  cli.screen.note(`${host.title} does not seem to be installed here: ${path} is not there yet.`);
}
