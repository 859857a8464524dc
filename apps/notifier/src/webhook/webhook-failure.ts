import type { Outcome } from '#libs/deliveries';
import { refusedTls, TLS_ERROR } from '../send-deliveries/refused-tls.js';

const DNS = /^(ENOTFOUND|EAI_\w+|ENODATA|ESERVFAIL)$/;
const CONNECT = /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/;

/** What an error of the request means: whether the receiver may have got it is what counts. */
export function webhookFailure(error: unknown): Outcome {
  const { code = '', name, message } = error as { code?: string; name?: string; message: string };
  if (code === 'REFUSED_ADDRESS') return failed('refused_address', message);
  if (DNS.test(code)) return failed('dns', `the host cannot be looked up (${code})`);
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return failed('timeout', 'no connection within 3 s');
  if (CONNECT.test(code)) return failed('connect', `no connection (${code})`);
  if (TLS_ERROR.test(code)) return refusedTls(code);
  if (name === 'AggregateError') return failed('connect', 'no address of the host accepts a connection');
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT' || name === 'TimeoutError') {
    return { kind: 'unknown', reason: 'timeout', detail: 'no answer in time' };
  }
  return {
    kind: 'unknown',
    reason: 'connection_lost',
    detail: `the connection was lost before an answer (${code || name})`,
  };
}

function failed(reason: Extract<Outcome, { kind: 'failed' }>['reason'], detail: string): Outcome {
  return { kind: 'failed', reason, detail };
}
