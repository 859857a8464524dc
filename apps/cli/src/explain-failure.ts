import { isAlive } from '#libs/token-file';
import { readServerFile } from './connection/server-file.js';
import { Failure, Interrupted } from './failure.js';
import type { Settings } from './settings.js';

interface ProblemLike {
  problem: {
    title: string;
    detail?: string;
    code: string;
    hint: string;
    requestId: string;
    errors?: { path: string; message: string }[];
  };
}

interface UnreachableLike {
  baseUrl: string;
  message: string;
}

/** Turns whatever a command threw into one sentence and one remedy. By name, so that the client is loaded only when used. */
export function asFailure(error: unknown, settings: Settings | null): Failure {
  if (error instanceof Failure) return error;
  if (!(error instanceof Error)) return new Failure(String(error));
  if (error instanceof Interrupted) return new Failure('interrupted', undefined, 'interrupted');
  if (error.name === 'ProblemError') return fromProblem(error as Error & ProblemLike);
  if (error.name === 'ServerUnreachable') return fromUnreachable(error as Error & UnreachableLike, settings);
  return new Failure(error.message, undefined, 'failed', { cause: error });
}

function fromProblem(error: Error & ProblemLike): Failure {
  const { title, detail, code, hint, requestId, errors } = error.problem;
  if (code === 'BAD_REQUEST') {
    const fields = errors?.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; ');
    const what = fields ? `the server does not accept this: ${fields}` : (detail ?? title);
    // Its own hint is for programs: it names a member of the answer.
    return new Failure(what, 'See the command’s --help.', code);
  }
  const request = code === 'INTERNAL' ? ` (request ${requestId})` : '';
  return new Failure((detail ?? title) + request, hint, code);
}

function fromUnreachable(error: Error & UnreachableLike, settings: Settings | null): Failure {
  const server = settings !== null && settings.baseUrl === undefined ? readServerFile(settings.dataDir) : null;
  if (server !== null && server.pid !== null && !isAlive(server.pid)) {
    const message = `the server is not running: ${server.path} names process ${server.pid}, which is gone`;
    return new Failure(message, 'Start it with `sledger start`.', 'server_unreachable', { cause: error });
  }
  const remedy = 'Start it with `sledger start`, or check --base-url; `sledger doctor` looks closer.';
  return new Failure(error.message, remedy, 'server_unreachable', { cause: error });
}
