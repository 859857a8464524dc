import type { Problem } from '#libs/contracts';
import { isProblem } from '../owner/problem-error.js';
import type { HttpAnswer } from './send-request.js';

/** What became of a call. Nothing is thrown: every way a call can end is one of these. */
export type ApiResult<T> =
  | { kind: 'ok'; data: T }
  /** The server refused it for a reason of its own; asking again the same way will not help. */
  | { kind: 'error'; problem: Problem }
  /** 401: the credential is not, or no longer, accepted. */
  | { kind: 'expired'; problem: Problem }
  /** No answer, or none of a working ledger (429, 5xx, something else on that port). Worth another try later. */
  | { kind: 'networkError'; reason: string; status?: number; /** seconds */ retryAfter?: number }
  | { kind: 'killSwitch'; problem: Problem };

const TRANSIENT = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Classifies an answer. A body that does not parse, or a status without one of our problems, was not given by a ledger. */
export function resultOf<T>(answer: HttpAnswer, parse: (body: unknown) => T): ApiResult<T> {
  const body = jsonOf(answer.text);
  if (answer.status >= 200 && answer.status < 300) {
    try {
      return { kind: 'ok', data: parse(body) };
    } catch {
      return { kind: 'networkError', status: answer.status, reason: 'something other than a ledger answers there' };
    }
  }
  const problem = isProblem(body) ? body : null;
  if (problem?.code === 'KILL_SWITCH_ACTIVE') return { kind: 'killSwitch', problem };
  if (TRANSIENT.has(answer.status)) {
    const retryAfter = problem?.retryAfter ?? secondsOf(answer.headers['retry-after']);
    return {
      kind: 'networkError',
      status: answer.status,
      reason: problem?.title ?? `the server answered ${answer.status}`,
      ...(retryAfter !== undefined && { retryAfter }),
    };
  }
  if (problem === null) {
    return { kind: 'networkError', status: answer.status, reason: 'something other than a ledger answers there' };
  }
  return answer.status === 401 ? { kind: 'expired', problem } : { kind: 'error', problem };
}

function jsonOf(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function secondsOf(header: string | undefined): number | undefined {
  const seconds = Number(header);
  return header !== undefined && Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
}
