import { isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { RecentMap } from '#libs/platform';

/** Wrong guesses that cost nothing: typing mistakes. */
const FREE_FAILURES = 3;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 60_000;
/** A source that stays quiet this long starts afresh. */
const FORGET_AFTER_MS = 15 * 60_000;
const SOURCES_KEPT = 10_000;

interface Source {
  failures: number;
  openAt: number;
  lastAt: number;
}

/** How long each source address must wait after wrong passwords: doubling, up to a minute. Kept in memory, newest sources only. */
export class SourceDelays {
  private readonly sources = new RecentMap<string, Source>(SOURCES_KEPT);

  constructor(private readonly clock: () => number = () => performance.now()) {}

  /** Milliseconds until this address may try again; 0 = now. */
  waitOf(address: string): number {
    const source = this.sources.get(sourceOf(address));
    return source ? Math.max(0, source.openAt - this.clock()) : 0;
  }

  failed(address: string): void {
    const key = sourceOf(address);
    const now = this.clock();
    const known = this.sources.get(key);
    const failures = (known && now - known.lastAt < FORGET_AFTER_MS ? known.failures : 0) + 1;
    this.sources.set(key, { failures, openAt: now + delayAfter(failures), lastAt: now });
  }

  succeeded(address: string): void {
    this.sources.delete(sourceOf(address));
  }
}

function delayAfter(failures: number): number {
  const counted = failures - FREE_FAILURES;
  return counted <= 0 ? 0 : Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (counted - 1));
}

/** What counts as one source: an IPv4 address, or the /64 that one IPv6 customer has. */
export function sourceOf(address: string): string {
  if (isIPv4(address) || !ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  return `${(parsed as ipaddr.IPv6).parts.slice(0, 4).join(':')}/64`;
}
