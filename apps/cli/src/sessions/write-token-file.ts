import { resolve } from 'node:path';
import { Failure } from '../failure.js';

/** Writes a session's token into a file of the user's choice. The failure says how to get a token after all. */
export async function writeTokenFile(sessionId: string, token: string | null, path: string): Promise<void> {
  const { writeMcpToken } = await import('#libs/token-file');
  try {
    await writeMcpToken(resolve(path), token ?? '');
  } catch (error) {
    throw new Failure(
      `session ${sessionId} has its token, but it could not be written: ${(error as Error).message}`,
      `Mend the path and run \`sledger session rotate ${sessionId} --token-file <path>\`.`,
      'token_file_failed',
      { cause: error },
    );
  }
}
