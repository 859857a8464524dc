import ipaddr from 'ipaddr.js';

type Network = [ipaddr.IPv4 | ipaddr.IPv6, number];

/** Addresses that look public and are not. */
const DENIED = ['168.63.129.16/32'];
/** All that is routed on the public internet today. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');

/** Which addresses webhooks may reach: public ones, and the networks that the configuration allows besides. */
export class TargetPolicy {
  private readonly allowed: Network[];

  /** @param allowed addresses or CIDR networks. Throws when one is neither. */
  constructor(allowed: readonly string[] = []) {
    this.allowed = allowed.map(networkOf);
  }

  /** Whether an IP address may be connected to. Anything that is not an address may not. */
  allows(address: string): boolean {
    const ip = parse(address);
    if (ip === null) return false;
    return this.allowed.some((network) => within(ip, network)) || isPublic(ip);
  }

  /** Whether plain http may be spoken to it: only inside the allowed networks. */
  allowsPlainHttp(address: string): boolean {
    const ip = parse(address);
    return ip !== null && this.allowed.some((network) => within(ip, network));
  }

  /**
   * What is wrong with a URL before any name is looked up; null when nothing is. Literal addresses are judged here, names at
   * each connection.
   */
  problemOf(url: URL): string | null {
    if (url.username !== '' || url.password !== '')
      return 'the URL holds credentials: a webhook is authenticated by its signature';
    const literal = literalOf(url.hostname);
    if (literal !== null && !this.allows(literal)) {
      return `${literal} is not a public address. LEDGER_ALLOW_PRIVATE_TARGETS names the networks that webhooks may reach besides`;
    }
    if (url.protocol === 'http:' && (literal === null ? this.allowed.length === 0 : !this.allowsPlainHttp(literal))) {
      return 'use https: the alerts would cross the internet in the clear';
    }
    return null;
  }
}

/** The address in a URL's host, or null for a name. */
export function literalOf(hostname: string): string | null {
  const bare = hostname.replace(/^\[|\]$/g, '');
  return ipaddr.isValid(bare) ? bare : null;
}

function parse(address: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  return ipaddr.isValid(address) ? ipaddr.parse(address) : null;
}

function isPublic(ip: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (ip.range() !== 'unicast') return false;
  if (ip instanceof ipaddr.IPv6 && !ip.match(GLOBAL_UNICAST)) return false;
  return !DENIED.some((network) => within(ip, networkOf(network)));
}

function within(ip: ipaddr.IPv4 | ipaddr.IPv6, [network, bits]: Network): boolean {
  const plain = ip instanceof ipaddr.IPv6 && ip.isIPv4MappedAddress() ? ip.toIPv4Address() : ip;
  return plain.kind() === network.kind() && plain.match(network, bits);
}

function networkOf(text: string): Network {
  if (text.includes('/')) return ipaddr.parseCIDR(text);
  const ip = ipaddr.parse(text);
  return [ip, ip.kind() === 'ipv4' ? 32 : 128];
}
