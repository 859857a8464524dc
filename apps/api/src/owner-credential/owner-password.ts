import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import argon2 from 'argon2';
import { LedgerError } from '#libs/contracts';
import { OwnerKeyFile } from './owner-key-file.js';
import { SourceDelays } from './source-delays.js';

const LONGEST_PASSWORD = 1024;

/**
 * Checks `X-Master-Password` against the owner-key file. Argon2id costs tens of milliseconds on purpose, so a password that it
 * accepted is recognised again by a keyed digest that only this process knows.
 */
export class OwnerPassword {
  private readonly digestKey = randomBytes(32);
  private accepted: { digest: Buffer; hash: string } | null = null;
  /** Equal guesses at the same time are one guess; different ones wait for each other. */
  private readonly running = new Map<string, Promise<boolean>>();
  private queue: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly file: OwnerKeyFile,
    private readonly delays: SourceDelays,
  ) {}

  /**
   * Resolves when the password is right, with a question to ask later: whether it still is. Throws CREDENTIAL_INVALID, or
   * TOO_MANY_REQUESTS while the address must wait.
   */
  async check(presented: string, address: string): Promise<() => Promise<boolean>> {
    const hash = await this.file.hash();
    const stillAccepted = async () => (await this.file.hash()) === hash;
    const wait = this.delays.waitOf(address);
    if (wait > 0) {
      const retryAfter = Math.ceil(wait / 1000);
      throw new LedgerError('TOO_MANY_REQUESTS', { detail: 'Too many wrong passwords from this address', retryAfter });
    }
    const digest = createHmac('sha256', this.digestKey).update(presented).digest();
    if (this.accepted?.hash === hash && timingSafeEqual(this.accepted.digest, digest)) return stillAccepted;
    // Counted before it is judged: guesses sent at once cannot all slip through before the first verdict.
    const alone = !this.running.has(digest.toString('hex'));
    if (alone) this.delays.failed(address);
    if (presented.length > LONGEST_PASSWORD || !(await this.judge(presented, digest, hash))) {
      throw new LedgerError('CREDENTIAL_INVALID');
    }
    this.accepted = { digest, hash };
    this.delays.succeeded(address);
    return stillAccepted;
  }

  private judge(presented: string, digest: Buffer, hash: string): Promise<boolean> {
    const key = digest.toString('hex');
    const known = this.running.get(key);
    if (known) return known;
    // One at a time: guessing must not take the memory and processors that everybody else needs.
    const verdict = this.queue.then(() => argon2.verify(hash, presented)).finally(() => this.running.delete(key));
    this.queue = verdict.catch(() => undefined);
    this.running.set(key, verdict);
    return verdict;
  }
}
