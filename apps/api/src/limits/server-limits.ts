import type { Socket } from 'node:net';
import { LedgerError, problemOf, type ErrorCode } from '#libs/contracts';
import { newId } from '#libs/platform';

/** Bytes of a request's body. */
export const BODY_LIMIT = 65_536;
/** Bytes of all headers of a request. A token needs less than 2 KiB. */
const HEADER_LIMIT = 16_384;

/** Against clients that send or read slowly, milliseconds. */
const TIMES = {
  /** For all headers. */
  headersTimeout: 10_000,
  /** For the whole request. */
  requestTimeout: 15_000,
  /** Between two requests. */
  keepAliveTimeout: 72_000,
  /** How often Node looks for requests that are too slow. */
  connectionsCheckingInterval: 2_000,
};

/** What the HTTP server refuses before any of our code sees it. */
export const SERVER_LIMITS = {
  bodyLimit: BODY_LIMIT,
  requestTimeout: TIMES.requestTimeout,
  keepAliveTimeout: TIMES.keepAliveTimeout,
  // Requests that were accepted are answered while the server stops; connections that are idle then are closed.
  forceCloseConnections: 'idle' as const,
  return503OnClosing: false,
  clientErrorHandler: refuseConnection,
};

/** Options of Node's own server. */
export const NODE_LIMITS = {
  maxHeaderSize: HEADER_LIMIT,
  headersTimeout: TIMES.headersTimeout,
  connectionsCheckingInterval: TIMES.connectionsCheckingInterval,
};

const REFUSALS: Record<string, { status: string; code: ErrorCode; detail: string }> = {
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    code: 'BAD_REQUEST',
    detail: `Headers of at most ${HEADER_LIMIT} bytes.`,
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: '408 Request Timeout',
    code: 'BAD_REQUEST',
    detail: 'The request came too slowly.',
  },
};
const OTHER = { status: '400 Bad Request', code: 'BAD_REQUEST' as const, detail: 'This is no HTTP request.' };

function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, code, detail } = REFUSALS[error.code ?? ''] ?? OTHER;
  const problem = { ...problemOf(new LedgerError(code, { detail }), newId()), status: Number(status.slice(0, 3)) };
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
