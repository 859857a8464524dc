import { lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { buildConnector } from 'undici';
import { literalOf, type TargetPolicy } from '#libs/deliveries';
import { NameLookups } from './name-lookups.js';

const CONNECT_TIMEOUT_MS = 3000;

/** The target's address is none that webhooks may reach. */
export class RefusedAddress extends Error {
  override readonly name = 'RefusedAddress';
  readonly code = 'REFUSED_ADDRESS';
}

type LookupCallback = (error: Error | null, addresses: LookupAddress[] | string, family?: number) => void;

/**
 * Connects only to addresses that the policy allows: checked when the host is a literal, when its name is looked up (the very
 * addresses that are then connected to: a second look-up could answer otherwise), and once more on the connected socket.
 */
export function safeConnector(policy: TargetPolicy, resolve: typeof lookup = lookup): buildConnector.connector {
  const lookups = new NameLookups(resolve, CONNECT_TIMEOUT_MS);
  const connect = buildConnector({
    timeout: CONNECT_TIMEOUT_MS,
    lookup: (hostname: string, options: LookupOptions, callback: LookupCallback) => {
      lookups.lookup(hostname, options, (error, found) => {
        if (error) return callback(error, []);
        const refused = found.find(({ address }) => !policy.allows(address));
        if (refused) return callback(refuse(`${hostname} is ${refused.address}`), []);
        if (options.all) return callback(null, found);
        callback(null, found[0]!.address, found[0]!.family);
      });
    },
  });
  return (options, callback) => {
    const literal = literalOf(options.hostname);
    if (literal !== null && !policy.allows(literal)) return callback(refuse(literal), null);
    connect(options, (...[error, socket]) => {
      if (error) return callback(error, null);
      const peer = socket.remoteAddress ?? '';
      const mayConnect = options.protocol === 'http:' ? policy.allowsPlainHttp(peer) : policy.allows(peer);
      if (mayConnect) return callback(null, socket);
      socket.destroy();
      callback(refuse(`${peer}${policy.allows(peer) ? ' over plain http' : ''}`), null);
    });
  };
}

function refuse(what: string): RefusedAddress {
  return new RefusedAddress(`${what} is not a target that webhooks may reach (LEDGER_ALLOW_PRIVATE_TARGETS)`);
}
