import { readToken, type AuthenticatedToken, type CommandDeps } from '#libs/commands';
import { ERRORS, LedgerError } from '#libs/contracts';
import { checkTokenTime } from '#libs/tokens';

/** A token of ours, whatever became of it; null when it is none. Other failures are thrown. */
export async function ourToken(commands: CommandDeps, token: string): Promise<AuthenticatedToken | null> {
  return readToken(commands, token).catch(nullWhenRefused);
}

/** Whether the token stands now. The kill switch is for the caller to weigh. */
export function isAccepted({ token, snapshot, standing }: AuthenticatedToken): boolean {
  if (standing !== 'current' && standing !== 'previous') return false;
  try {
    checkTokenTime(token.claims, Math.floor(snapshot.now / 1000));
    return true;
  } catch (error) {
    nullWhenRefused(error);
    return false;
  }
}

function nullWhenRefused(error: unknown): null {
  if (error instanceof LedgerError && ERRORS[error.code].status === 401) return null;
  throw error;
}
