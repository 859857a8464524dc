import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { LedgerApi, OwnerHttp, ProblemError, ServerClock, type ApiResult } from '#libs/client';
import { agentStream, type ErrorCode, type Problem, sessionStream } from '#libs/contracts';
import { CuttingProxy, until } from '#libs/testing';
import { signedByAStranger, signedSymmetrically, signedWithTheServersKey } from './forged-tokens.js';
import type { RunningApi } from './running-api.js';
import { startSpoilingProxy } from './spoiling-proxy.js';
import { TestHolder } from './test-holder.js';

/** Makes the server answer with one error and gives it as the client read it. */
export type Provocation = (api: RunningApi) => Promise<Problem>;

/** One for each row of the table: the compiler asks for the missing one. */
export const PROVOCATIONS: Record<ErrorCode, Provocation> = {
  BAD_REQUEST: (api) => refused(api.owner.createAgent({ name: '' })),
  TTL_EXCEEDS_ABSOLUTE_LIFETIME: (api) => refused(api.session({ expiresIn: 172_800, absoluteLifetime: 86_400 })),
  NAME_TAKEN: async (api) => refused(api.owner.createAgent({ name: (await api.agent()).name })),
  NOT_FOUND: (api) => refused(api.owner.session(randomUUID())),
  METHOD_NOT_ALLOWED: (api) => refused(api.owner.http.json('PATCH', '/v1/kill-switch', { body: {} })),
  PAYLOAD_TOO_LARGE: (api) => refused(api.owner.createAgent({ name: 'x'.repeat(70_000) })),
  async UNSUPPORTED_MEDIA_TYPE(api) {
    await using proxy = await startSpoilingProxy(api.url);
    return await refused(ownerAt(api, proxy.url).json('POST', '/v1/agents', { body: { name: 'spoilt' } }));
  },
  async IDEMPOTENCY_KEY_REUSED(api) {
    const key = randomUUID();
    await api.owner.createAgent({ name: `agent ${key}` }, key);
    return refused(api.owner.createAgent({ name: `another ${key}` }, key));
  },
  async SESSION_ENDED(api) {
    const { id } = await api.session();
    await api.owner.revokeSession(id);
    return refused(api.owner.rotateSession(id));
  },
  async AGENT_DISABLED(api) {
    const { id } = await api.agent();
    await api.owner.updateAgent(id, { enabled: false });
    return refused(api.session({ agentId: id }));
  },
  async VERSION_CONFLICT(api) {
    const { id } = await api.agent();
    // Every decision is taken on a head that is behind its stream: the race is lost each time.
    await asDatabaseOwner(api, (client) =>
      client.query('update ledger.stream set version = version + 1 where stream_id = $1', [agentStream(id)]),
    );
    return refused(api.owner.updateAgent(id, { enabled: false }));
  },

  RENEWAL_TOO_EARLY: async (api) => renewed(api, await api.session()),
  RENEWAL_LIMIT_REACHED: async (api) => renewed(api, await api.session({ maxRenewals: 0 })),
  async SESSION_ABSOLUTE_LIFETIME_EXCEEDED(api) {
    const session = await api.session({ expiresIn: 86_400, absoluteLifetime: 86_400 });
    // On the very second of its birth a session may have its whole TTL once more.
    return until(
      async () => {
        const problem = await renewed(api, session);
        return problem.code !== 'RENEWAL_TOO_EARLY' && problem;
      },
      { describe: 'the second of the birth to pass' },
    );
  },
  SESSION_RENEWAL_MISMATCH: async (api) => renewed(api, { ...(await api.session()), id: randomUUID() }),
  async RENEWAL_CONFLICT(api) {
    const session = await api.session();
    const { identity } = await TestHolder.register(api, session.id);
    await api.owner.rotateSession(session.id);
    return problemOf(await agentSide(api).renew(session.token ?? '', session.id, identity));
  },
  async HOLDER_REQUIRED(api) {
    const session = await api.session();
    await TestHolder.register(api, session.id);
    return renewed(api, session);
  },
  async HOLDER_ASSERTION_INVALID(api) {
    const { id } = await api.session();
    const holder = await TestHolder.register(api, id);
    await api.owner.removeHolder(holder.id);
    return problemOf(await agentSide(api).handOver(holder.identity));
  },

  TOKEN_MISSING: (api) => whoami(api, ''),
  TOKEN_INVALID: (api) => whoami(api, 'sl_sess_of.no.server'),
  TOKEN_ALG_NOT_ALLOWED: async (api) => whoami(api, await signedSymmetrically(await freshToken(api))),
  TOKEN_KEY_UNKNOWN: async (api) => whoami(api, await signedByAStranger(await freshToken(api))),
  async TOKEN_AUDIENCE_MISMATCH(api) {
    const another = await api.startAnother({ LEDGER_ISSUER: 'https://another.example' });
    return whoami(api, await freshToken(api), another);
  },
  async TOKEN_NOT_YET_VALID(api) {
    const session = await api.session();
    await api.owner.rotateSession(session.id);
    const tomorrow = Math.floor(Date.now() / 1000) + 86_400;
    const claims = { iat: tomorrow, exp: tomorrow + 3600 };
    return whoami(api, await signedWithTheServersKey(api, session.token ?? '', claims));
  },
  async TOKEN_EXPIRED(api) {
    const { token } = await api.session({ expiresIn: 1 });
    return until(async () => (await agentSide(api).whoami(token ?? '')).kind === 'expired' && whoami(api, token), {
      describe: 'the token to expire',
    });
  },
  async TOKEN_SUPERSEDED(api) {
    const session = await api.session();
    await api.owner.rotateSession(session.id);
    return whoami(api, session.token);
  },
  async SESSION_REVOKED(api) {
    const session = await api.session();
    await api.owner.revokeSession(session.id);
    return whoami(api, session.token);
  },
  async SESSION_EXPIRED(api) {
    const { id } = await api.session();
    const { identity } = await TestHolder.register(api, id);
    // Its whole life passes.
    await asDatabaseOwner(api, (client) =>
      client.query(
        'update ledger.session_head set issued_at = issued_at - expires_in, expires_at = expires_at - expires_in where session_id = $1',
        [id],
      ),
    );
    const handOver = () => agentSide(api).handOver(identity);
    return until(async () => ((answer) => answer.kind === 'expired' && answer.problem)(await handOver()), {
      describe: 'the session to end',
    });
  },
  CREDENTIAL_INVALID: (api) =>
    refused(new OwnerHttp({ baseUrl: api.url, credential: 'a guess' }).json('GET', '/v1/agents')),
  async FORBIDDEN(api) {
    const { key } = await api.owner.http.call('POST /v1/api-keys', {
      body: { name: 'a resource server', role: 'resource' },
    });
    return refused(new OwnerHttp({ baseUrl: api.url, credential: key as string }).json('GET', '/v1/agents'));
  },
  async KILL_SWITCH_ACTIVE(api) {
    const { token } = await api.session();
    await api.owner.activateKillSwitch({ reason: 'a drill' });
    try {
      return await whoami(api, token);
    } finally {
      await api.owner.releaseKillSwitch();
    }
  },

  async TOO_MANY_REQUESTS(api) {
    const busy = ownerAt(api, await api.startAnother({ LEDGER_RATE_LIMIT: '1' }));
    return refused(Promise.all(Array.from({ length: 20 }, () => busy.json('GET', '/v1/kill-switch'))));
  },
  async INTERNAL(api) {
    return asDatabaseOwner(api, async (client) => {
      await client.query('alter table ledger.agent_head rename to agent_head_gone');
      try {
        return await refused(api.owner.http.json('GET', `/v1/agents/${randomUUID()}`));
      } finally {
        await client.query('alter table ledger.agent_head_gone rename to agent_head');
      }
    });
  },
  async UPSTREAM_UNAVAILABLE(api) {
    const direct = new URL(api.database.url);
    await using proxy = await CuttingProxy.start(Number(direct.port));
    const throughProxy = new URL(direct);
    throughProxy.port = String(proxy.port);
    const cutOff = ownerAt(api, await api.startAnother({ DATABASE_URL: throughProxy.href }));
    proxy.cutAll('connection');
    return await refused(cutOff.json('GET', '/v1/kill-switch'));
  },
  async DEADLINE_EXCEEDED(api) {
    const impatient = ownerAt(api, await api.startAnother({ LEDGER_REQUEST_DEADLINE: '1' }));
    const { id } = await api.session();
    return asDatabaseOwner(api, async (client) => {
      await client.query('begin');
      await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [sessionStream(id)]);
      return refused(impatient.json('DELETE', `/v1/sessions/${id}`)).finally(() => client.query('rollback'));
    });
  },
};

function ownerAt(api: RunningApi, baseUrl: string): OwnerHttp {
  return new OwnerHttp({ baseUrl, credential: api.ownerPassword });
}

function agentSide(api: RunningApi, baseUrl = api.url): LedgerApi {
  return new LedgerApi({ baseUrl: () => baseUrl, clock: new ServerClock() });
}

async function freshToken(api: RunningApi): Promise<string> {
  return (await api.session()).token ?? '';
}

async function whoami(api: RunningApi, token: string | null, baseUrl?: string): Promise<Problem> {
  return problemOf(await agentSide(api, baseUrl).whoami(token ?? ''));
}

async function renewed(api: RunningApi, { id, token }: { id: string; token: string | null }): Promise<Problem> {
  return problemOf(await agentSide(api).renew(token ?? '', id, null));
}

function problemOf(result: ApiResult<unknown>): Problem {
  if ('problem' in result) return result.problem;
  throw new Error(`no refusal: ${JSON.stringify(result)}`);
}

/** What the owner's client throws. */
async function refused(call: Promise<unknown>): Promise<Problem> {
  const answer = await call.catch((error: unknown) => error);
  if (answer instanceof ProblemError) return answer.problem;
  throw new Error(`no refusal: ${String(answer)}`, { cause: answer });
}

async function asDatabaseOwner<T>(api: RunningApi, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: api.database.url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
