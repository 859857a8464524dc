import { decodeJwt, importJWK, jwtVerify } from 'jose';
import { holderAssertionClaims, LedgerError } from '#libs/contracts';
import type { Database } from '#libs/database';
import type { Heads, HolderHead } from '#libs/ledger';
import { secondsOf } from '../new-events.js';

/** Seconds by which an assertion's `iat` may differ from the server's clock, and that it may live. */
const ASSERTION_WINDOW = 60;

export interface AssertionContext {
  method: string;
  /** Path of the URL, without query. */
  path: string;
  issuer: string;
}

const REMEMBER = `
with forgotten as (delete from ledger.used_assertion where expires_at < $3 - 600)
insert into ledger.used_assertion (holder_id, jti, expires_at) values ($1, $2, $3) on conflict do nothing returning jti`;

/** The holder that signed this assertion for this very request, once. Throws HOLDER_ASSERTION_INVALID. */
export async function verifyAssertion(
  deps: { heads: Heads; database: Database },
  assertion: string,
  { method, path, issuer }: AssertionContext,
): Promise<HolderHead> {
  const holder = await claimedHolder(deps.heads, assertion);
  const now = await deps.heads.now();
  const claims = await signedClaims(assertion, holder, { issuer, now });
  if (claims.iss !== holder.holderId || claims.sub !== holder.holderId) throw refused('it names another holder');
  if (claims.htm !== method || claims.htu !== path) throw refused(`it is not for ${method} ${path}`);
  if (Math.abs(claims.iat - secondsOf(now)) > ASSERTION_WINDOW)
    throw refused('its time is not the server’s (see Date)');
  if (claims.exp - claims.iat > ASSERTION_WINDOW) throw refused(`it may live ${ASSERTION_WINDOW} s at most`);
  const first = await deps.database.prepared('commands.remember-assertion', REMEMBER, [
    holder.holderId,
    claims.jti,
    claims.exp,
  ]);
  if (first.length === 0) throw refused('it was used before');
  return holder;
}

async function claimedHolder(heads: Heads, assertion: string): Promise<HolderHead> {
  let subject: unknown;
  try {
    subject = decodeJwt(assertion).sub;
  } catch (error) {
    throw refused('it is no JWT', error);
  }
  const id = holderAssertionClaims.shape.sub.safeParse(subject);
  const holder = id.success ? await heads.holder(id.data) : null;
  if (!holder || holder.removedAt !== null) throw refused('its holder is not known or was removed');
  return holder;
}

async function signedClaims(assertion: string, holder: HolderHead, { issuer, now }: { issuer: string; now: number }) {
  try {
    const key = await importJWK(holder.signingKey, 'EdDSA');
    const { payload } = await jwtVerify(assertion, key, {
      algorithms: ['EdDSA'],
      audience: issuer,
      currentDate: new Date(now),
      clockTolerance: ASSERTION_WINDOW,
    });
    return holderAssertionClaims.parse(payload);
  } catch (error) {
    throw refused('its signature, audience or time is wrong', error);
  }
}

function refused(why: string, cause?: unknown): LedgerError {
  return new LedgerError('HOLDER_ASSERTION_INVALID', { detail: `The assertion is not accepted: ${why}.` }, { cause });
}
