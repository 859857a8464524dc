import type { McpServer } from '@modelcontextprotocol/server';
import type { SessionManager } from '#libs/client';
import { forecastOf } from './forecast.js';

const STEPS = [
  'Call session_status and read `status`, `message` and `hint`.',
  'If it is `ok`, repeat the call that failed: the token may have been swapped in the meantime.',
  'If it is `session_expired`, do not loop: tell the owner the exact command in `hint`, wait, and call session_status again. This process takes the new token by itself; nothing has to be restarted.',
  'If it is `daemon_unavailable` or `kill_switch_active`, the token is kept: tell the owner the hint and try again after a minute.',
  'If one call was refused while the session is well, call explain_denied_call and report what it says.',
  'Never ask for the token, never print it, and never put one into a file yourself.',
];

/** `recover_session`: tells an agent what to do when its calls are refused. */
export function registerRecoverPrompt(server: McpServer, manager: SessionManager): void {
  server.registerPrompt(
    'recover_session',
    {
      title: 'Recover the session',
      description:
        'What to do when calls are refused because of the session: step by step, with the state as it is now.',
    },
    () => {
      const status = manager.getState();
      const steps = STEPS.map((step, index) => `${index + 1}. ${step}`).join('\n');
      const text = `The session is ${status.state}. ${status.detail ?? forecastOf(status)}\n\n${steps}`;
      return { messages: [{ role: 'user', content: { type: 'text', text } }] };
    },
  );
}
