/** The one log of version 1. `log` is a column and a name; nothing switches on it. */
export const LOG = 'main';
/** JetStream stream that carries the log; its sequence numbers are the log's positions. */
export const STREAM = 'LEDGER';
/** Prefix of the file form of a token, so that secret scanners find it. */
export const TOKEN_PREFIX = 'sl_sess_';
/** Prefix of an API key. */
export const API_KEY_PREFIX = 'sl_key_';
/** Header with which a holder proves itself at a renewal. */
export const HOLDER_ASSERTION_HEADER = 'ledger-holder-assertion';
/** File of the data directory with the NATS user of this machine's desktops, who may only listen. */
export const NATS_LISTENER_FILE = 'nats-listener.json';
