import type {
  AgentView,
  ChannelView,
  AuditState,
  CheckpointList,
  CloudEvent,
  CreateAgentBody,
  CreateChannelBody,
  CreateSessionBody,
  DeliveryView,
  HolderView,
  List,
  RegisterHolderBody,
  RevokeSessionBody,
  ServerStatus,
  SessionHoldersView,
  SessionView,
  SessionWithToken,
  UpdateChannelBody,
  UpdateAgentBody,
} from '#libs/contracts';
import { OwnerHttp, type OwnerHttpOptions, type Query } from './owner-http.js';

export interface KillSwitchView {
  active: boolean;
  reason: string | null;
  changedAt: string | null;
}

/** The owner's side of the HTTP API, typed. Every call throws `ProblemError` or `ServerUnreachable`. */
export class OwnerClient {
  readonly http: OwnerHttp;

  constructor(options: OwnerHttpOptions) {
    this.http = new OwnerHttp(options);
  }

  createAgent(body: CreateAgentBody, idempotencyKey?: string): Promise<AgentView> {
    return this.http.json('POST', '/v1/agents', { body, ...(idempotencyKey !== undefined && { idempotencyKey }) });
  }

  updateAgent(agentId: string, body: UpdateAgentBody): Promise<AgentView> {
    return this.http.json('PATCH', `/v1/agents/${agentId}`, { body });
  }

  agents(query: Query = {}): AsyncGenerator<AgentView> {
    return this.every('/v1/agents', query);
  }

  createSession(body: CreateSessionBody, idempotencyKey?: string): Promise<SessionWithToken> {
    return this.http.json('POST', '/v1/sessions', { body, ...(idempotencyKey !== undefined && { idempotencyKey }) });
  }

  session(sessionId: string, query: Query = {}): Promise<SessionView> {
    return this.http.json('GET', `/v1/sessions/${sessionId}`, { query });
  }

  sessions(query: Query = {}): AsyncGenerator<SessionView> {
    return this.every('/v1/sessions', query);
  }

  sessionPage(query: Query = {}): Promise<List<SessionView>> {
    return this.http.json('GET', '/v1/sessions', { query });
  }

  sessionEvents(sessionId: string, query: Query = {}): AsyncGenerator<CloudEvent> {
    return this.every(`/v1/sessions/${sessionId}/events`, query);
  }

  revokeSession(sessionId: string, body: RevokeSessionBody = {}): Promise<SessionView> {
    return this.http.json('DELETE', `/v1/sessions/${sessionId}`, { body });
  }

  rotateSession(sessionId: string): Promise<SessionWithToken> {
    return this.http.json('POST', `/v1/sessions/${sessionId}/rotate`);
  }

  registerHolder(body: RegisterHolderBody): Promise<HolderView> {
    return this.http.json('POST', '/v1/holders', { body });
  }

  /** Moves a holder to another session of its agent. */
  assignHolder(holderId: string, body: { sessionId: string }): Promise<HolderView> {
    return this.http.json('PATCH', `/v1/holders/${holderId}`, { body });
  }

  /** Which holders have taken the session's current generation, or its end, and how fast. */
  sessionHolders(sessionId: string): Promise<SessionHoldersView> {
    return this.http.json('GET', `/v1/sessions/${sessionId}/holders`);
  }

  holders(query: Query = {}): AsyncGenerator<HolderView> {
    return this.every('/v1/holders', query);
  }

  removeHolder(holderId: string): Promise<void> {
    return this.http.json('DELETE', `/v1/holders/${holderId}`);
  }

  auditPage(query: Query = {}): Promise<List<CloudEvent>> {
    return this.http.json('GET', '/v1/audit', { query });
  }

  audit(query: Query = {}): AsyncGenerator<CloudEvent> {
    return this.every('/v1/audit', query);
  }

  checkpoints(query: Query = {}): Promise<CheckpointList> {
    return this.http.json('GET', '/v1/audit/checkpoints', { query });
  }

  /** Compares all heads with their events, page after page. */
  async *auditState(query: Query = {}): AsyncGenerator<AuditState> {
    let cursor: string | null = null;
    do {
      const page: AuditState = await this.http.json('GET', '/v1/audit/state', {
        query: { ...query, ...(cursor !== null && { cursor }) },
      });
      yield page;
      cursor = page.nextCursor;
    } while (cursor !== null);
  }

  /** Tells the relay that the store's history is the right one. */
  adoptLog(): Promise<{ forked: string | null; adoptRequested: boolean }> {
    return this.http.json('POST', '/v1/log/adopt');
  }

  relayState(): Promise<{ forked: string | null; adoptRequested: boolean }> {
    return this.http.json('GET', '/v1/log/relay');
  }

  createChannel(body: CreateChannelBody): Promise<ChannelView & { secret?: string }> {
    return this.http.json('POST', '/v1/channels', { body });
  }

  channels(query: Query = {}): AsyncGenerator<ChannelView> {
    return this.every('/v1/channels', query);
  }

  updateChannel(channelId: string, body: UpdateChannelBody): Promise<ChannelView> {
    return this.http.json('PATCH', `/v1/channels/${channelId}`, { body });
  }

  async removeChannel(channelId: string): Promise<void> {
    await this.http.json('DELETE', `/v1/channels/${channelId}`);
  }

  testChannel(channelId: string): Promise<DeliveryView> {
    return this.http.json('POST', `/v1/channels/${channelId}/test`);
  }

  deliveryPage(query: Query = {}): Promise<List<DeliveryView>> {
    return this.http.json('GET', '/v1/deliveries', { query });
  }

  deliveries(query: Query = {}): AsyncGenerator<DeliveryView> {
    return this.every('/v1/deliveries', query);
  }

  redeliver(deliveryId: string): Promise<DeliveryView> {
    return this.http.json('POST', `/v1/deliveries/${deliveryId}/redeliver`);
  }

  status(): Promise<ServerStatus> {
    return this.http.json('GET', '/v1/status');
  }

  killSwitch(): Promise<KillSwitchView> {
    return this.http.json('GET', '/v1/kill-switch');
  }

  activateKillSwitch(body: { reason?: string; revokeSessions?: boolean }): Promise<KillSwitchView> {
    return this.http.json('PUT', '/v1/kill-switch', { body });
  }

  releaseKillSwitch(): Promise<KillSwitchView> {
    return this.http.json('DELETE', '/v1/kill-switch');
  }

  /** Every item of a list, page by page, as it is read. */
  private async *every<T>(path: string, query: Query): AsyncGenerator<T> {
    let cursor: string | undefined;
    do {
      const page: List<T> = await this.http.json('GET', path, { query: { ...query, ...(cursor && { cursor }) } });
      yield* page.items;
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  }
}
