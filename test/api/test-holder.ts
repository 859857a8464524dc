import { generateHolderKeys, HolderIdentity, type HolderKeys, publicKeysOf } from '#libs/client';
import { HOLDER_ASSERTION_HEADER, type HandOverView } from '#libs/contracts';
import type { Reply, RunningApi } from './running-api.js';

/** A holder as an installation is one: its own keys, registered by the owner. */
export class TestHolder {
  private constructor(
    private readonly api: RunningApi,
    readonly identity: HolderIdentity,
    readonly keys: HolderKeys,
  ) {}

  static async register(api: RunningApi, sessionId: string, name = 'desktop'): Promise<TestHolder> {
    const keys = await generateHolderKeys();
    const { id } = await api.owner.registerHolder({ sessionId, name, ...publicKeysOf(keys) });
    return new TestHolder(api, new HolderIdentity(id, api.issuer, keys), keys);
  }

  get id(): string {
    return this.identity.holderId;
  }

  /** The header that proves this holder for one request; `serverNow` in epoch seconds. */
  async proof(method: string, path: string, serverNow = Date.now() / 1000): Promise<Record<string, string>> {
    return { [HOLDER_ASSERTION_HEADER]: await this.identity.assertion(method, path, serverNow) };
  }

  async handOver(): Promise<Reply<HandOverView>> {
    const path = '/v1/holders/token';
    return this.api.call<HandOverView>('POST', path, await this.proof('POST', path));
  }

  /** The token that the hand-over seals to this holder. */
  async token(): Promise<string> {
    const { body } = await this.handOver();
    return this.identity.open(body.sealedToken);
  }

  async renew(sessionId: string, token: string | null): Promise<Reply<{ code: string; token: string }>> {
    const path = `/v1/sessions/${sessionId}/renew`;
    return this.api.call('PUT', path, { authorization: `Bearer ${token}`, ...(await this.proof('PUT', path)) });
  }
}
