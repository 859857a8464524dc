import type { OwnerClient } from '#libs/client';
import type { SessionView, SessionWithToken } from '#libs/contracts';
import type { Cli } from '../cli.js';
import { everything } from '../everything.js';
import { Failure } from '../failure.js';
import { decodeClaims } from '../mcp-setup/token-claims.js';
import { requireWritable } from '../mcp-setup/require-writable.js';
import { isAlive } from '../sessions/session-text.js';
import { relative, utc } from '#libs/contracts';
import { printable } from '../terminal/printable.js';
import { facts } from '../terminal/table.js';

export interface RefreshTokenOptions {
  name?: string;
}

/** The JSON form of the result. */
export interface RefreshResult {
  oldSessionId: string;
  newSessionId: string;
  expiresAt: string;
  tokenFile: string;
  warning?: string;
}

/** create → file → revoke: at no moment is there a file without a living token. */
export async function refreshToken(cli: Cli, { name }: RefreshTokenOptions): Promise<void> {
  const { getMcpTokenPath } = await import('#libs/token-file');
  const tokenFile = getMcpTokenPath(cli.settings.dataDir, name);
  const oldSessionId = await sessionOfFile(tokenFile);
  requireWritable(cli.settings.dataDir);
  const owner = await cli.owner();
  const old = await oldSession(owner, oldSessionId);
  const session = await successorOf(owner, old);
  await writeOrUndo(owner, tokenFile, old, session);
  const warning = await endOldSession(owner, old, session);
  const result: RefreshResult = {
    oldSessionId: old.id,
    newSessionId: session.id,
    expiresAt: session.expiresAt,
    tokenFile,
    ...(warning !== null && { warning }),
  };
  if (warning !== null && !cli.screen.json) cli.screen.warn(warning);
  cli.screen.result(result, () => refreshedText(cli, old, session, tokenFile));
}

async function sessionOfFile(path: string): Promise<string> {
  const { inspectMcpToken } = await import('#libs/token-file');
  const file = inspectMcpToken(path);
  if ('missing' in file) {
    throw new Failure(`there is no token file at ${path}`, 'Make one: `sledger mcp setup`.', 'token_file_missing');
  }
  if ('refused' in file) {
    const remedy = 'Mend that, or start anew with `sledger mcp setup`.';
    throw new Failure(`the token file is refused: ${file.refused}`, remedy, 'token_file_refused');
  }
  try {
    return decodeClaims(file.token).sid;
  } catch (error) {
    const remedy = 'Start anew with `sledger mcp setup`.';
    throw new Failure(`the token in ${path} cannot be read`, remedy, 'token_file_refused', { cause: error });
  }
}

async function oldSession(owner: OwnerClient, sessionId: string): Promise<SessionView> {
  try {
    return await owner.session(sessionId);
  } catch (error) {
    if ((error as { problem?: { code?: string } }).problem?.code !== 'NOT_FOUND') throw error;
    throw new Failure(
      `this server does not know session ${sessionId} of the token file`,
      'The file is of another server: check --base-url and --data-dir, or start anew with `sledger mcp setup`.',
      'session_unknown',
      { cause: error },
    );
  }
}

async function successorOf(owner: OwnerClient, old: SessionView): Promise<SessionWithToken> {
  try {
    return await owner.createSession(inherited(old));
  } catch (error) {
    const { problem } = error as { problem?: { code?: string; errors?: { message: string }[] } };
    if (problem?.code !== 'BAD_REQUEST' && problem?.code !== 'TTL_EXCEEDS_ABSOLUTE_LIFETIME') throw error;
    const why = problem.errors?.map(({ message }) => message).join('; ') ?? (error as Error).message;
    throw new Failure(
      `this server no longer accepts the limits of session ${old.id} (${why}); nothing has changed`,
      'Make a session within the present ones: `sledger mcp setup`.',
      'limits_refused',
      { cause: error },
    );
  }
}

/** The same limits as before; the count of renewals begins again. */
function inherited(old: SessionView) {
  return {
    agentId: old.agentId,
    absoluteLifetime: (Date.parse(old.absoluteExpiresAt) - Date.parse(old.createdAt)) / 1000,
    expiresIn: old.expiresIn,
    maxRenewals: old.maxRenewals,
    renewalRejectWindow: old.renewalRejectWindow,
    constraints: old.constraints,
    supersede: false,
    reason: `refresh of ${old.id}`,
    ...(Object.keys(old.labels).length > 0 && { labels: old.labels }),
  };
}

async function writeOrUndo(
  owner: OwnerClient,
  path: string,
  old: SessionView,
  session: SessionWithToken,
): Promise<void> {
  const { writeMcpToken } = await import('#libs/token-file');
  try {
    await writeMcpToken(path, session.token ?? '');
  } catch (error) {
    const undone = await owner.revokeSession(session.id, { reason: 'its token file could not be written' }).then(
      () => 'nothing has changed',
      () => `session ${session.id} was made for nothing; end it with \`sledger session revoke ${session.id}\``,
    );
    const state = isAlive(old) ? `session ${old.id} lives on` : `session ${old.id} had ended before`;
    throw new Failure(
      `the token file could not be written: ${(error as Error).message}; ${state}, ${undone}`,
      'Mend the path and try again.',
      'token_file_failed',
      { cause: error },
    );
  }
}

/** Moves the holders over and ends the old session. What goes wrong here is a warning: the new token works already. */
async function endOldSession(owner: OwnerClient, old: SessionView, session: SessionView): Promise<string | null> {
  const problems: string[] = [];
  try {
    for (const holder of await everything(owner.holders({ sessionId: old.id }))) {
      await owner.assignHolder(holder.id, { sessionId: session.id });
    }
  } catch (error) {
    problems.push(`its holders could not be moved to the new session (${(error as Error).message}): sledger mcp setup`);
  }
  try {
    if (isAlive(old)) await owner.revokeSession(old.id, { trigger: 'superseded', reason: `replaced by ${session.id}` });
  } catch (error) {
    problems.push(`it could not be revoked (${(error as Error).message}): sledger session revoke ${old.id}`);
  }
  return problems.length === 0 ? null : `the old session ${old.id}: ${problems.join('; ')}`;
}

function refreshedText(cli: Cli, old: SessionView, session: SessionView, tokenFile: string): string {
  const { style } = cli.screen;
  const now = new Date();
  const ends = `${utc(session.expiresAt)} (${relative(new Date(session.expiresAt), now)})`;
  return [
    `${style.paint('✓', 'green')} ${style.bold(printable(session.agentName))} has a new session; running MCP processes take it by themselves`,
    facts(
      [
        ['old session', old.id],
        ['new session', session.id],
        ['token file', `${tokenFile} (0600)`],
        ['token ends', ends],
        ['renewals', session.maxRenewals === null ? 'unlimited' : `0/${session.maxRenewals} used`],
      ],
      '  ',
    ),
  ].join('\n');
}
