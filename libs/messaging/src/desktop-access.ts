import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { nkeys } from '@nats-io/transport-node';
import { agentSubjects, type NatsAccessView } from '#libs/contracts';

export interface DesktopAccessOptions {
  /** Holds the seed (`SA…`) of the account, or of one of its signing keys. */
  accountKeyFile: string;
  /** Public key of the account, where the seed is that of a signing key. */
  account?: string;
  /** Where desktops reach the servers, several separated by commas; credentials in it are dropped. */
  url: string;
  /** Seconds that an access lives. */
  lifetime: number;
}

/** Access of one desktop, and until when it lives. Epoch seconds. */
interface Issued {
  access: Omit<NatsAccessView, 'expiresIn'>;
  expiresAt: number;
}

const REMEMBERED = 1_000;
const encoder = new TextEncoder();

/**
 * Makes short-lived NATS users for desktops where the server runs in operator mode: each may hear its agent's subjects, publish
 * nothing, and so ask JetStream nothing.
 */
export class DesktopAccess {
  private readonly servers: string[];
  private readonly signer: nkeys.KeyPair;
  private readonly issued = new Map<string, Issued>();

  /** Reads the account's key. Throws when there is none in the file. */
  constructor(private readonly options: DesktopAccessOptions) {
    const seed = /\bSA[A-Z2-7]{56}\b/.exec(readFileSync(options.accountKeyFile, 'utf8'))?.[0];
    if (seed === undefined) {
      throw new Error(
        `${options.accountKeyFile} holds no seed of an account (SA…). Write one there: nsc list keys --accounts --show-seeds`,
      );
    }
    this.signer = nkeys.fromSeed(encoder.encode(seed));
    this.servers = options.url.split(',').map((text) => {
      const { protocol, host } = new URL(text.trim());
      return `${protocol}//${host}`;
    });
  }

  /** The same again while more than half of its life is left. */
  for(holderId: string, agentId: string, now = Date.now() / 1000): NatsAccessView {
    const key = `${holderId} ${agentId}`;
    const known = this.issued.get(key);
    const isFresh = known !== undefined && now < known.expiresAt - this.options.lifetime / 2;
    const { access, expiresAt } = isFresh ? known : this.issue(holderId, agentId, Math.floor(now));
    this.issued.set(key, { access, expiresAt });
    const [oldest] = this.issued.keys();
    if (this.issued.size > REMEMBERED && oldest !== undefined) this.issued.delete(oldest);
    return { ...access, expiresIn: expiresAt - now };
  }

  private issue(holderId: string, agentId: string, now: number): Issued {
    const user = nkeys.createUser();
    const expiresAt = now + this.options.lifetime;
    const jwt = this.sign({
      jti: randomUUID(),
      iat: now,
      exp: expiresAt,
      iss: this.signer.getPublicKey(),
      sub: user.getPublicKey(),
      name: `holder ${holderId}`,
      nats: {
        type: 'user',
        version: 2,
        subs: -1,
        data: -1,
        payload: -1,
        pub: { deny: ['>'] },
        sub: { allow: [agentSubjects(agentId)] },
        ...(this.options.account !== undefined && { issuer_account: this.options.account }),
      },
    });
    return { access: { servers: this.servers, jwt, seed: new TextDecoder().decode(user.getSeed()) }, expiresAt };
  }

  /** NATS has a signature algorithm of its own name: Ed25519 with the account's key. */
  private sign(claims: Record<string, unknown>): string {
    const header = { typ: 'JWT', alg: 'ed25519-nkey' };
    const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    return `${text}.${Buffer.from(this.signer.sign(encoder.encode(text))).toString('base64url')}`;
  }
}
