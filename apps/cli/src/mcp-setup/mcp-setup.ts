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
  const made = { session, name: options.name };
  const holderId = await afterwards(made, 'this installation could not be made its holder', () =>
    holdSession(owner, { ...cli.settings, session, name }),
  );
  const tokenFile = await afterwards(made, 'the token file could not be written', () =>
    writeToken(cli.settings.dataDir, made),
  );
  // Planned anew: the host may have written its file meanwhile.
  const backup =
    change === null
      ? null
      : await afterwards(made, `${path} could not be changed`, () =>
          applyChange(planChange(host, path, serverNamed, entry)),
        );

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

interface Made {
  session: SessionWithToken;
  /** As asked for; undefined: the holder without a name. */
  name: string | undefined;
}

async function writeToken(dataDir: string, { session, name }: Made): Promise<string> {
  const { getMcpTokenPath, writeMcpToken } = await import('#libs/token-file');
  const path = getMcpTokenPath(dataDir, name);
  await writeMcpToken(path, session.token ?? '');
  return path;
}

/** A step after the session was made: that session stays, and its user must know. */
async function afterwards<T>({ session, name }: Made, failed: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    const otherwise =
      name === undefined
        ? 'it replaces this session'
        : `and end this session: \`sledger session revoke ${session.id}\``;
    throw new Failure(
      `session ${session.id} was created, but ${failed}: ${(error as Error).message}`,
      `Mend that and run the same command again; ${otherwise}.`,
      'setup_unfinished',
      { cause: error },
    );
  }
}

function adviseMissingHost(cli: Cli, host: DesktopHost, path: string, { write }: McpSetupOptions): void {
  if (write || existsSync(path) || existsSync(join(path, '..'))) return;
  cli.screen.note(`${host.title} does not seem to be installed here: ${path} is not there yet.`);
}
