import { duration, type ServerStatus, type SessionView } from '#libs/contracts';
import type { TokenClaims } from '../../mcp-setup/token-claims.js';
import { endOf, isAlive } from '../../sessions/session-text.js';
import type { Check, Examination } from '../examination.js';
import { failed, ok, skipped, warning, type Finding } from '../finding.js';

/** Does the token in the file still open anything here? */
export const checkSession: Check = async (examination) => {
  const { owner, token, status } = examination;
  if (!token) return [skipped('session', 'No session was looked at: there is no readable token file.')];
  if (!owner) return [skipped('session', `Session ${token.sid} was not looked at: the owner is not connected.`)];
  const foreign = status && foreignKey(token, status);
  if (foreign) return [foreign];
  try {
    examination.session = await owner.session(token.sid);
  } catch (error) {
    if ((error as { problem?: { code: string } }).problem?.code !== 'NOT_FOUND') throw error;
    return [
      failed(
        'session',
        `This server does not know session ${token.sid} of the token file.`,
        'The token is of another server or of before a restore: `sledger mcp setup`.',
      ),
    ];
  }
  return [sessionFinding(token, examination.session), ...generationFinding(token, examination.session)];
};

/** Keys are compared by id and shown by fingerprint. */
function foreignKey({ kid, iss }: NonNullable<Examination['token']>, { keys, issuer }: ServerStatus): Finding | null {
  const known = keys.find((key) => key.kid === kid);
  if (known?.state === 'revoked') {
    return failed(
      'keys',
      `The token is signed with key ${known.fingerprint}, which was revoked.`,
      'A running MCP process fetches a new token; else `sledger mcp refresh-token`.',
    );
  }
  if (known) return null;
  const list = keys.map(({ fingerprint }) => fingerprint).join(', ') || 'none';
  const whose = iss === issuer ? 'The server has lost that key' : `It was issued by ${iss}, this server is ${issuer}`;
  return failed(
    'keys',
    `The token is signed with a key that this server does not have (its keys: ${list}). ${whose}.`,
    'Start anew: `sledger mcp setup`.',
  );
}

function sessionFinding(token: TokenClaims, session: SessionView): Finding {
  const now = Date.now();
  if (session.status === 'revoked') {
    return failed(
      'session',
      `Session ${token.sid} was revoked.`,
      `See why: \`sledger explain ${token.sid}\`. A new one: \`sledger mcp refresh-token\`.`,
    );
  }
  if (!isAlive(session) || Date.parse(session.expiresAt) <= now) {
    return failed(
      'session',
      `Session ${token.sid} ended at ${session.expiresAt}.`,
      `See why: \`sledger explain ${token.sid}\`. A new one: \`sledger mcp refresh-token\`.`,
    );
  }
  const left = duration((Date.parse(endOf(session)) - now) / 1000);
  return session.status === 'expiring_soon'
    ? warning(
        'session',
        `Session ${token.sid} will end in ${left}.`,
        'A new one with the same limits: `sledger mcp refresh-token`.',
      )
    : ok('session', `Session ${token.sid} is alive, for ${left} yet.`);
}

function generationFinding(token: TokenClaims, session: SessionView): Finding[] {
  if (!isAlive(session)) return [];
  if (token.gen === session.generation)
    return [ok('generation', `The file has the current token (generation ${token.gen}).`)];
  return [
    failed(
      'generation',
      `The file has generation ${token.gen}, the current one is ${session.generation}: this token is refused.`,
      'A running MCP process fetches the current one by itself; see `sledger holder list`. Else: `sledger mcp refresh-token`.',
    ),
  ];
}
