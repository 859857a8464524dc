import { IdempotencyMismatch, KillSwitchActive, NameTaken, SigningKeyRevoked, VersionConflict } from '../types.js';

interface DatabaseError {
  code?: string;
  detail?: string;
  constraint?: string;
}

/** Turns the error codes of `ledger.append` (migrations 0002 and 0033) into the errors of the interface; others pass as they are. */
export function appendErrorOf(error: unknown): unknown {
  const { code = '', detail, constraint } = error as DatabaseError;
  switch (code) {
    case 'LG003':
      return new IdempotencyMismatch(detail ?? '');
    case 'LG004': {
      const { streamId, expected, actual } = JSON.parse(detail ?? '{}') as {
        streamId: string;
        expected: number;
        actual: number;
      };
      return new VersionConflict(streamId, expected, actual);
    }
    case 'LG005':
      return new KillSwitchActive('the kill switch is on');
    case 'LG007':
      return new SigningKeyRevoked('the token was signed with a revoked key');
    case '23505':
      return constraint === 'agent_head_name_key' ? new NameTaken('an agent of this name exists') : error;
    default:
      return error;
  }
}
