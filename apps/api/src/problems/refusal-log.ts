import { type ErrorCode, ERRORS } from '#libs/contracts';
import type { Logger } from '#libs/platform';
import type { ApiRequest } from '../auth/api-request.js';

/** Lines of one code within a window; the rest is counted in one line at its end. Whoever guesses must not fill the disk. */
const MOST_LINES = 10;
const WINDOW_MS = 60_000;
const STATUSES: ReadonlySet<number> = new Set([401, 403, 429]);

/** Whether somebody was not let in, or not now. A request that is wrong, or a server that fails, is another matter. */
export function isRefusal(code: ErrorCode): boolean {
  return STATUSES.has(ERRORS[code].status) || code === 'KILL_SWITCH_ACTIVE';
}

interface Window {
  lines: number;
  notShown: number;
  timer: NodeJS.Timeout;
}

/** Tells the log who was refused what, and from where: ids and the route's template, never what was presented. */
export class RefusalLog {
  private readonly windows = new Map<ErrorCode, Window>();

  constructor(
    private readonly logger: Logger,
    private readonly windowMs = WINDOW_MS,
  ) {}

  tell(code: ErrorCode, { id, ip, method, routeOptions, presented }: RefusedRequest): void {
    const window = this.windowOf(code);
    if (window.lines >= MOST_LINES) {
      window.notShown += 1;
      return;
    }
    window.lines += 1;
    const route = `${method} ${routeOptions.url ?? ''}`;
    this.logger.warn({ code, route, address: ip, requestId: id, ...presented }, 'a request was refused');
  }

  /** Says what it has held back so far. */
  close(): void {
    for (const code of [...this.windows.keys()]) this.end(code);
  }

  private windowOf(code: ErrorCode): Window {
    const known = this.windows.get(code);
    if (known) return known;
    const timer = setTimeout(() => this.end(code), this.windowMs).unref();
    const window = { lines: 0, notShown: 0, timer };
    this.windows.set(code, window);
    return window;
  }

  private end(code: ErrorCode): void {
    const window = this.windows.get(code);
    if (!window) return;
    clearTimeout(window.timer);
    this.windows.delete(code);
    const { notShown } = window;
    if (notShown > 0) this.logger.warn({ code, notShown }, `${notShown} more requests were refused so`);
  }
}

/** What a line is made of. */
export type RefusedRequest = Pick<ApiRequest, 'id' | 'ip' | 'method' | 'routeOptions' | 'presented'>;
