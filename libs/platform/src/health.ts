import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from './telemetry.js';

export interface HealthCheck {
  /** What is checked, e.g. `database`. */
  name: string;
  /** Resolves when it is well; rejects with the reason when it is not. */
  check: () => Promise<void> | void;
}

export interface HealthReport {
  status: 'ok' | 'unavailable';
  checks: Record<string, { status: 'ok' | 'failed'; reason?: string }>;
}

const CHECK_DEADLINE_MS = 2000;

/** Whether a service can do its work now. */
export class Health {
  private readonly checks: HealthCheck[] = [];
  private draining = false;

  register(check: HealthCheck): void {
    this.checks.push(check);
  }

  /** From now on not ready: load balancers look elsewhere while requests in flight end. */
  drain(): void {
    this.draining = true;
  }

  async report(): Promise<HealthReport> {
    const results = await Promise.all(this.checks.map(runCheck));
    const healthy = !this.draining && results.every(([, result]) => result.status === 'ok');
    return { status: healthy ? 'ok' : 'unavailable', checks: Object.fromEntries(results) };
  }
}

async function runCheck({ name, check }: HealthCheck): Promise<[string, HealthReport['checks'][string]]> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${CHECK_DEADLINE_MS} ms`)), CHECK_DEADLINE_MS);
  });
  try {
    await Promise.race([Promise.resolve(check()), deadline]);
    return [name, { status: 'ok' }];
  } catch (error) {
    return [name, { status: 'failed', reason: (error as Error).message }];
  } finally {
    clearTimeout(timer);
  }
}

export interface HealthServer extends AsyncDisposable {
  /** The port that was bound. */
  port: number;
}

/** `/health/live`, `/health/ready` and `/metrics` for services without an HTTP surface of their own. */
export async function serveHealth(
  { health, metrics }: { health: Health; metrics: Registry },
  { host, port }: { host: string; port: number },
): Promise<HealthServer> {
  const server = createServer((request, response) => {
    void answer(request.url ?? '/', { health, metrics })
      .catch((error: Error) => ({ status: 500, type: 'text/plain', body: `${error.message}\n` }))
      .then(({ status, type, body }) => response.writeHead(status, { 'content-type': type }).end(body));
  });
  await listen(server, host, port);
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function answer(
  url: string,
  { health, metrics }: { health: Health; metrics: Registry },
): Promise<{ status: number; type: string; body: string }> {
  if (url === '/health/live') return { status: 200, type: 'application/json', body: '{"status":"ok"}' };
  if (url === '/health/ready') {
    const report = await health.report();
    return { status: report.status === 'ok' ? 200 : 503, type: 'application/json', body: JSON.stringify(report) };
  }
  if (url === '/metrics') return { status: 200, type: metrics.contentType, body: await metrics.metrics() };
  return { status: 404, type: 'text/plain', body: 'Known here: /health/live, /health/ready, /metrics\n' };
}
