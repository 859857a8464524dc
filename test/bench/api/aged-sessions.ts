import { sessionStream } from '#libs/contracts';
import type { Database } from '#libs/database';
import { createLedger } from '#libs/ledger';
import { newId } from '#libs/platform';
import { dueAt, evolve, grantFirstToken, sessionCreated } from '#libs/session';
import { KeyRing, KnownTokens, type SecretBox, TokenIssuer } from '#libs/tokens';

const TTL = 604_800;
const AT_ONCE = 64;

export interface AgedSession {
  id: string;
  token: string;
}

/** Makes sessions that are past half of their TTL, so that each can be renewed at once. */
export class SessionMaker {
  private readonly issuer: TokenIssuer;

  constructor(
    private readonly database: Database,
    private readonly agent: { id: string; name: string },
    { box, issuer }: { box: SecretBox; issuer: string },
  ) {
    this.issuer = new TokenIssuer(new KeyRing(database, box), {
      issuer,
      newId,
      known: new KnownTokens(),
    });
  }

  async make(count: number): Promise<AgedSession[]> {
    const made: AgedSession[] = [];
    let begun = 0;
    const maker = async () => {
      while (begun++ < count) made.push(await this.one());
    };
    await Promise.all(Array.from({ length: AT_ONCE }, maker));
    return made;
  }

  private async one(): Promise<AgedSession> {
    const now = Math.floor(Date.now() / 1000) - Math.floor(TTL * 0.6);
    const command = {
      sessionId: newId(),
      agentId: this.agent.id,
      agentName: this.agent.name,
      now,
      expiresIn: TTL,
      maxRenewals: null,
      renewalRejectWindow: 3600,
      absoluteLifetime: 2_592_000,
      constraints: {},
    };
    const grant = grantFirstToken(command);
    const { token, texts } = await this.issuer.issue(grant);
    const created = sessionCreated(command, grant, texts);
    const state = evolve(null, created);
    await createLedger(this.database).append({
      streams: [
        {
          streamId: sessionStream(state.sessionId),
          expectedVersion: 0,
          events: [{ ...created, id: newId(), time: now * 1000 }],
        },
      ],
      heads: { sessions: [{ ...state, dueAt: dueAt(state, false, now) }] },
      actor: 'owner',
      requestId: 'bench',
    });
    return { id: state.sessionId, token };
  }
}
