import type { Outcome } from '#libs/deliveries';

/** Codes of errors that Node.js gives where a handshake fails. */
export const TLS_ERROR = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL|EPROTO/;

/** The far side cannot be trusted to be itself, so it was told nothing. `why` is a code or a message. */
export function refusedTls(why: string): Outcome {
  return { kind: 'failed', reason: 'tls', detail: `the certificate or TLS is not accepted (${why})`.slice(0, 300) };
}
