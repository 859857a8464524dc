import { decodeJwt } from 'jose';
import { bareToken, TOKEN_PREFIX } from '#libs/contracts';
import { getMcpTokenPath, inspectMcpToken, writeMcpToken } from '#libs/token-file';

export type WrittenHere =
  | { kind: 'written'; path: string }
  /** The file is another agent's, which would lose its token. */
  | { kind: 'left'; reason: string }
  | { kind: 'failed'; reason: string };

/** Writes the token where an MCP process of this machine looks for it. Other machines fetch it by hand-over. */
export async function writeTokenHere(dataDir: string, agentId: string, token: string | null): Promise<WrittenHere> {
  const path = getMcpTokenPath(dataDir);
  if (token === null) return { kind: 'left', reason: 'The token was replaced meanwhile; holders have the newer one.' };
  if (isOfAnother(path, agentId)) {
    return { kind: 'left', reason: 'This machine’s token file belongs to another agent and was left alone.' };
  }
  try {
    await writeMcpToken(path, TOKEN_PREFIX + bareToken(token));
    return { kind: 'written', path };
  } catch (error) {
    return { kind: 'failed', reason: (error as Error).message };
  }
}

function isOfAnother(path: string, agentId: string): boolean {
  const file = inspectMcpToken(path);
  if (!('token' in file)) return false;
  try {
    return decodeJwt(bareToken(file.token)).sub !== agentId;
  } catch {
    return false;
  }
}
