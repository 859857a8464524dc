import { API_KEY_PREFIX } from '#libs/contracts';
import type { Needles } from './needles.js';

const SIGNATURE = 86;
const KEY_PART = 43;
const BASE64 = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_'];

/** What every secret of ours looks like, so that one is found that no test has told of. */
export function addSecretShapes(needles: Needles): void {
  // Header and claims stand in the ledger; with the signature they open. A sealed answer has no claims in its second part.
  const token = new RegExp(`eyJ[\\w-]+\\.eyJ[\\w-]+\\.[\\w-]{${SIGNATURE}}(?![\\w-])`, 'y');
  needles.addShape('a whole signed token', ['eyJhbGciOi'], token);
  needles.addShape('an API key', [API_KEY_PREFIX], new RegExp(`${API_KEY_PREFIX}[\\w-]{32,}`, 'y'));
  needles.addShape('a webhook secret', followedBy('whsec_'), /whsec_[\w+/=-]{24,}/y);
  // The bots of tests have numbers that begin so.
  needles.addShape('a bot token', ['7000000'], /7000000\d{3}:[\w-]{35}/y);
  const part = `[\\w-]{${KEY_PART}}`;
  needles.addShape(
    'a private key (JWK)',
    ['{"d":"', ',"d":"'].flatMap(followedBy),
    new RegExp(`[{,]"d":"${part}"`, 'y'),
  );
  const quoted = ['{\\"d\\":\\"', ',\\"d\\":\\"'];
  needles.addShape('a private key (JWK)', quoted, new RegExp(`[{,]\\\\"d\\\\":\\\\"${part}`, 'y'));
  needles.addShape('a private key (PEM)', ['-----BEGIN '], /-----BEGIN ([A-Z]+ )?PRIVATE KEY-----/y);
  // The inside of the PEM of an Ed25519 key.
  const inside = 'MC4CAQAwBQYDK2VwBCIEI';
  needles.addShape('a private key (PEM)', [inside], new RegExp(`${inside}[\\w+/-]{${KEY_PART}}`, 'y'));
}

function followedBy(start: string): string[] {
  return BASE64.map((next) => start + next);
}
