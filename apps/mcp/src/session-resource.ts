import type { McpServer } from '@modelcontextprotocol/server';
import type { SessionManager } from '#libs/client';
import { forecastOf } from './forecast.js';

export const SESSION_URI = 'session://self';

/**
 * `session://self`: state, generation, seconds left, forecast; never the token. Subscribers hear of every change of the
 * token, the state or the update stream (`resources/subscribe` in the 2025 era; in the 2026 era the connection filters by its listens).
 *
 * @returns how to stop listening
 */
export function registerSessionResource(
  server: McpServer,
  manager: SessionManager,
  era: 'legacy' | 'modern',
): () => void {
  server.server.registerCapabilities({ resources: { subscribe: true, listChanged: false } });
  server.registerResource(
    'session',
    SESSION_URI,
    {
      title: 'This agent’s session',
      description:
        'State, generation, seconds left, renewals left, next renewal, update stream and forecast of the session in use.',
      mimeType: 'application/json',
    },
    (uri) => {
      const status = manager.getState();
      const text = JSON.stringify({ ...status, forecast: forecastOf(status) });
      return { contents: [{ uri: uri.href, mimeType: 'application/json', text }] };
    },
  );
  let subscribed = era === 'modern';
  if (era === 'legacy') {
    server.server.setRequestHandler('resources/subscribe', ({ params }) => {
      if (params.uri === SESSION_URI) subscribed = true;
      return {};
    });
    server.server.setRequestHandler('resources/unsubscribe', ({ params }) => {
      if (params.uri === SESSION_URI) subscribed = false;
      return {};
    });
  }
  let shown = fingerprint(manager);
  return manager.onChange(() => {
    const now = fingerprint(manager);
    if (now === shown) return;
    shown = now;
    if (subscribed) void server.server.sendResourceUpdated({ uri: SESSION_URI }).catch(() => undefined);
  });
}

function fingerprint(manager: SessionManager): string {
  const status = manager.getState();
  const { state, reason, sessionId, generation, remainingRenewals, endsAt, updates, tokenFileCurrent } = status;
  return JSON.stringify([state, reason, sessionId, generation, remainingRenewals, endsAt, updates, tokenFileCurrent]);
}
