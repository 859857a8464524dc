import { acceptForUse, readToken, type AuthenticatedToken, type CommandDeps } from '#libs/commands';
import { ERRORS, LedgerError } from '#libs/contracts';

/** A token of ours, whatever became of it; null when it is none. Other failures are thrown. */
export async function ourToken(commands: CommandDeps, token: string): Promise<AuthenticatedToken | null> {
  return readToken(commands, token).catch(nullWhenRefused);
}

/** Whether the token stands now. The kill switch is for the caller to weigh. */
export function isAccepted(authenticated: AuthenticatedToken): boolean {
  const snapshot = { ...authenticated.snapshot, killSwitchActive: false };
  try {
    acceptForUse({ ...authenticated, snapshot });
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
