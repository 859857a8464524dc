import { z } from 'zod';
import type { RenewalOutcome, SessionStatusReport } from '#libs/client';
import { forecastOf } from '../forecast.js';
import { guidanceShape, sessionExpired, type Guidance } from '../guidance.js';
import { sessionStatusSchema } from './session-view.js';
import { answer, progress, type RegisterTool } from './tool-context.js';

/** `renew_session`: renews now if the ledger allows it. The process renews by itself; this is for the impatient. */
export const registerRenewSession: RegisterTool = (server, { manager }) => {
  server.registerTool(
    'renew_session',
    {
      title: 'Renew the session',
      description:
        'Asks the ledger for the next token now. Rarely needed: the process renews by itself at 60 % of a token’s life.',
      inputSchema: z.object({}),
      outputSchema: z.object({
        ...guidanceShape,
        renewed: z.boolean().optional(),
        session: sessionStatusSchema.optional(),
      }),
      annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
    },
    async (_, context) => {
      await progress(context, 0, 1, 'Asking the ledger for the next token');
      const before = manager.getState();
      const outcome = await manager.renewNow();
      const status = manager.getState();
      await progress(context, 1, 1, 'Done');
      const session = { ...status, forecast: forecastOf(status) };
      const renewed = status.sessionId === before.sessionId && (status.generation ?? -1) > (before.generation ?? -1);
      const guidance = guidanceFor(outcome, status);
      return guidance === null
        ? answer({ status: 'ok', renewed, message: messageOf(outcome, renewed, status), session })
        : answer({ ...guidance, renewed, session });
    },
  );
};

function guidanceFor(outcome: RenewalOutcome, status: SessionStatusReport): Guidance | null {
  if (outcome === 'kill-switch') {
    return {
      status: 'kill_switch_active',
      message: 'The kill switch is on; the token is kept.',
      hint: 'The owner releases it with: sledger kill-switch off — then call again.',
      retryable: true,
    };
  }
  if (outcome === 'retry' || outcome === 'unreachable') {
    return {
      status: 'daemon_unavailable',
      message: 'The ledger did not answer; the renewal is tried again by itself.',
      hint: 'Ask the owner to run: sledger status — and, if it is down: sledger start.',
      retryable: true,
    };
  }
  return status.state === 'expired' ? sessionExpired(status) : null;
}

function messageOf(outcome: RenewalOutcome, renewed: boolean, status: SessionStatusReport): string {
  if (renewed) return `Renewed: now on generation ${status.generation ?? 0}.`;
  if (outcome === 'wait')
    return 'Too early: less than half of the token’s life has passed. It is renewed by itself in time.';
  return status.detail ?? 'Nothing to do: the process is on the newest token.';
}
