/** What the bench uses of the package, which brings no types. */
declare module 'oidc-provider' {
  import type { Server } from 'node:http';

  export interface Adapter {
    upsert(id: string, payload: object, expiresIn: number): Promise<void>;
    find(id: string): Promise<object | undefined>;
    findByUserCode(code: string): Promise<object | undefined>;
    findByUid(uid: string): Promise<object | undefined>;
    consume(id: string): Promise<void>;
    destroy(id: string): Promise<void>;
    revokeByGrantId(grantId: string): Promise<void>;
  }

  interface Saved {
    save(): Promise<string>;
  }

  export default class Provider {
    constructor(issuer: string, configuration: object);
    readonly Client: { find(id: string): Promise<object | undefined> };
    readonly Grant: new (fields: object) => Saved & { addOIDCScope(scope: string): void };
    readonly RefreshToken: new (fields: object) => Saved;
    readonly AccessToken: new (fields: object) => Saved;
    listen(port: number, host: string, listening: () => void): Server;
  }
}
