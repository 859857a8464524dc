import { networkReason, ServerUnreachable } from '#libs/client';

/** The answer of `/health/ready`. */
export interface Readiness {
  ready: boolean;
  checks: Record<string, { status: string; reason?: string }>;
  /** The answer's `Date`. */
  date: string | null;
}

const TIMEOUT_MS = 5000;

/** Asks a server whether it is ready. Throws `ServerUnreachable` when nothing, or no ledger, answers. */
export async function readReadiness(baseUrl: string): Promise<Readiness> {
  let response: Response;
  let body: { status?: unknown; checks?: Readiness['checks'] };
  try {
    response = await fetch(`${baseUrl}/health/ready`, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'manual' });
    body = (await response.json()) as typeof body;
  } catch (error) {
    const reason = (error as Error).name === 'SyntaxError' ? 'something else answers there' : networkReason(error);
    throw new ServerUnreachable(baseUrl, reason, { cause: error });
  }
  return { ready: response.ok, checks: body.checks ?? {}, date: response.headers.get('date') };
}
