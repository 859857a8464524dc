import type {
  AgentView,
  AuditState,
  ChannelView,
  CheckpointList,
  CloudEvent,
  DeliveryView,
  HolderView,
  KillSwitchView,
  List,
  RouteAnswer,
  RouteBody,
  RouteQuery,
  ServerStatus,
  SessionHoldersView,
  SessionView,
  SessionWithToken,
} from '#libs/contracts';
import { OwnerHttp, type CallOptions, type OwnerHttpOptions } from './owner-http.js';

/** The owner's side of the HTTP API, typed by the route table. Every call throws `ProblemError` or `ServerUnreachable`. */
export class OwnerClient {
  readonly http: OwnerHttp;

  constructor(options: OwnerHttpOptions) {
    this.http = new OwnerHttp(options);
  }

  createAgent(body: RouteBody<'POST /v1/agents'>, idempotencyKey?: string): Promise<AgentView> {
    return this.http.call('POST /v1/agents', { body }, once(idempotencyKey));
  }

  updateAgent(id: string, body: RouteBody<'PATCH /v1/agents/:id'>): Promise<AgentView> {
    return this.http.call('PATCH /v1/agents/:id', { params: { id }, body });
  }

  agents(query: RouteQuery<'GET /v1/agents'> = {}): AsyncGenerator<AgentView> {
    return every((at) => this.http.call('GET /v1/agents', { query: { ...query, ...at } }));
  }

  createSession(body: RouteBody<'POST /v1/sessions'>, idempotencyKey?: string): Promise<SessionWithToken> {
    return this.http.call('POST /v1/sessions', { body }, once(idempotencyKey));
  }

  session(id: string, query: RouteQuery<'GET /v1/sessions/:id'> = {}): Promise<SessionView> {
    return this.http.call('GET /v1/sessions/:id', { params: { id }, query });
  }

  sessions(query: RouteQuery<'GET /v1/sessions'> = {}): AsyncGenerator<SessionView> {
    return every((at) => this.sessionPage({ ...query, ...at }));
  }

  sessionPage(query: RouteQuery<'GET /v1/sessions'> = {}): Promise<List<SessionView>> {
    return this.http.call('GET /v1/sessions', { query });
  }

  sessionEvents(id: string, query: RouteQuery<'GET /v1/sessions/:id/events'> = {}): AsyncGenerator<CloudEvent> {
    return every((at) => this.http.call('GET /v1/sessions/:id/events', { params: { id }, query: { ...query, ...at } }));
  }

  revokeSession(id: string, body: RouteBody<'DELETE /v1/sessions/:id'> = {}): Promise<SessionView> {
    return this.http.call('DELETE /v1/sessions/:id', { params: { id }, body });
  }

  rotateSession(id: string): Promise<SessionWithToken> {
    return this.http.call('POST /v1/sessions/:id/rotate', { params: { id } });
  }

  registerHolder(body: RouteBody<'POST /v1/holders'>): Promise<HolderView> {
    return this.http.call('POST /v1/holders', { body });
  }

  /** Moves a holder to another session of its agent. */
  assignHolder(id: string, body: RouteBody<'PATCH /v1/holders/:id'>): Promise<HolderView> {
    return this.http.call('PATCH /v1/holders/:id', { params: { id }, body });
  }

  /** Which holders have taken the session's current generation, or its end, and how fast. */
  sessionHolders(id: string): Promise<SessionHoldersView> {
    return this.http.call('GET /v1/sessions/:id/holders', { params: { id } });
  }

  holders(query: RouteQuery<'GET /v1/holders'> = {}): AsyncGenerator<HolderView> {
    return every((at) => this.http.call('GET /v1/holders', { query: { ...query, ...at } }));
  }

  removeHolder(id: string): Promise<void> {
    return this.http.call('DELETE /v1/holders/:id', { params: { id } });
  }

  auditPage(query: RouteQuery<'GET /v1/audit'> = {}): Promise<List<CloudEvent>> {
    return this.http.call('GET /v1/audit', { query });
  }

  audit(query: RouteQuery<'GET /v1/audit'> = {}): AsyncGenerator<CloudEvent> {
    return every((at) => this.auditPage({ ...query, ...at }));
  }

  checkpoints(query: RouteQuery<'GET /v1/audit/checkpoints'> = {}): Promise<CheckpointList> {
    return this.http.call('GET /v1/audit/checkpoints', { query });
  }

  /** Compares all heads with their events, page after page. */
  auditState(query: RouteQuery<'GET /v1/audit/state'> = {}): AsyncGenerator<AuditState> {
    return pages((at) => this.http.call('GET /v1/audit/state', { query: { ...query, ...at } }));
  }

  /** Tells the relay that the store's history is the right one. */
  adoptLog(): Promise<RouteAnswer<'POST /v1/log/adopt'>> {
    return this.http.call('POST /v1/log/adopt', {});
  }

  rotateLogKey(): Promise<RouteAnswer<'POST /v1/log/keys/rotate'>> {
    return this.http.call('POST /v1/log/keys/rotate', {});
  }

  relayState(): Promise<RouteAnswer<'GET /v1/log/relay'>> {
    return this.http.call('GET /v1/log/relay', {});
  }

  createChannel(body: RouteBody<'POST /v1/channels'>): Promise<RouteAnswer<'POST /v1/channels'>> {
    return this.http.call('POST /v1/channels', { body });
  }

  channels(query: RouteQuery<'GET /v1/channels'> = {}): AsyncGenerator<ChannelView> {
    return every((at) => this.http.call('GET /v1/channels', { query: { ...query, ...at } }));
  }

  updateChannel(id: string, body: RouteBody<'PATCH /v1/channels/:id'>): Promise<ChannelView> {
    return this.http.call('PATCH /v1/channels/:id', { params: { id }, body });
  }

  removeChannel(id: string): Promise<void> {
    return this.http.call('DELETE /v1/channels/:id', { params: { id } });
  }

  testChannel(id: string): Promise<DeliveryView> {
    return this.http.call('POST /v1/channels/:id/test', { params: { id } });
  }

  deliveryPage(query: RouteQuery<'GET /v1/deliveries'> = {}): Promise<List<DeliveryView>> {
    return this.http.call('GET /v1/deliveries', { query });
  }

  deliveries(query: RouteQuery<'GET /v1/deliveries'> = {}): AsyncGenerator<DeliveryView> {
    return every((at) => this.deliveryPage({ ...query, ...at }));
  }

  redeliver(id: string): Promise<DeliveryView> {
    return this.http.call('POST /v1/deliveries/:id/redeliver', { params: { id } });
  }

  status(): Promise<ServerStatus> {
    return this.http.call('GET /v1/status', {});
  }

  killSwitch(): Promise<KillSwitchView> {
    return this.http.call('GET /v1/kill-switch', {});
  }

  activateKillSwitch(body: RouteBody<'PUT /v1/kill-switch'>): Promise<KillSwitchView> {
    return this.http.call('PUT /v1/kill-switch', { body });
  }

  releaseKillSwitch(): Promise<KillSwitchView> {
    return this.http.call('DELETE /v1/kill-switch', {});
  }
}

function once(idempotencyKey: string | undefined): CallOptions {
  return idempotencyKey === undefined ? {} : { idempotencyKey };
}

/** Where a list goes on; empty for its beginning. */
interface At {
  cursor?: string;
}

/** Every page of a list, as it is read. */
async function* pages<P extends { nextCursor: string | null }>(read: (at: At) => Promise<P>): AsyncGenerator<P> {
  let cursor: string | null = null;
  do {
    const page: P = await read(cursor === null ? {} : { cursor });
    yield page;
    cursor = page.nextCursor;
  } while (cursor !== null);
}

/** Every item of a list, page by page, as it is read. */
async function* every<T>(read: (at: At) => Promise<List<T>>): AsyncGenerator<T> {
  for await (const page of pages(read)) yield* page.items;
}
