import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIPv4 } from 'node:net';
import type { ServerCertificate } from '#libs/testing';

const DAY_MS = 86_400_000;

interface KeyPair {
  publicKey: KeyObject;
  privateKey: KeyObject;
}

/** X.509 in DER by hand: made for the call, so that nothing in the sources ever expires. */
export class TestAuthority {
  private constructor(
    private readonly name: Buffer,
    private readonly keys: KeyPair,
    /** PEM, to be trusted. */
    readonly cert: string,
  ) {}

  static create(): TestAuthority {
    const keys = newKeys();
    const name = nameOf('Authority of a test');
    const isAuthority = extension('551d13', sequence(der(0x01, Buffer.of(0xff))), 'critical');
    const wish = { issuer: name, subject: name, key: keys.publicKey, endsAt: Date.now() + DAY_MS };
    return new TestAuthority(name, keys, certificate({ ...wish, extension: isAuthority }, keys.privateKey));
  }

  /** For a host name or an IPv4 address; `endsAt`, epoch milliseconds, may have passed. */
  issue({ host, endsAt = Date.now() + DAY_MS }: { host: string; endsAt?: number }): ServerCertificate {
    const { publicKey: key, privateKey } = newKeys();
    const wish = { issuer: this.name, subject: nameOf(host), key, endsAt, extension: alternativeName(host) };
    return { key: pemOf(privateKey), cert: certificate(wish, this.keys.privateKey) };
  }
}

/** That no authority has signed. */
export function selfSignedCertificate(host: string): ServerCertificate {
  const { publicKey: key, privateKey } = newKeys();
  const name = nameOf(host);
  const wish = { issuer: name, subject: name, key, endsAt: Date.now() + DAY_MS, extension: alternativeName(host) };
  return { key: pemOf(privateKey), cert: certificate(wish, privateKey) };
}

interface Wish {
  issuer: Buffer;
  subject: Buffer;
  key: KeyObject;
  endsAt: number;
  extension: Buffer;
}

function certificate({ issuer, subject, key, endsAt, extension }: Wish, signer: KeyObject): string {
  const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'));
  const body = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    ecdsaWithSha256,
    issuer,
    sequence(time(endsAt - 2 * DAY_MS), time(endsAt)),
    subject,
    key.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(extension)),
  );
  const signature = der(0x03, Buffer.concat([Buffer.of(0), sign('sha256', body, signer)]));
  const text = sequence(body, ecdsaWithSha256, signature).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${text.replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}

function newKeys(): KeyPair {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function nameOf(commonName: string): Buffer {
  return sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(commonName)))));
}

function alternativeName(host: string): Buffer {
  const address = Buffer.from(host.split('.').map(Number));
  return extension('551d11', sequence(isIPv4(host) ? der(0x87, address) : der(0x82, Buffer.from(host))));
}

function extension(id: string, value: Buffer, critical?: 'critical'): Buffer {
  const flags = critical ? [der(0x01, Buffer.of(0xff))] : [];
  return sequence(oid(id), ...flags, der(0x04, value));
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

function sequence(...parts: Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 128
      ? Buffer.of(length)
      : length < 256
        ? Buffer.of(0x81, length)
        : Buffer.of(0x82, length >> 8, length & 255);
  return Buffer.concat([Buffer.of(tag), size, content]);
}

function time(milliseconds: number): Buffer {
  const digits = new Date(milliseconds).toISOString().replace(/[-:T]/g, '').slice(2, 14);
  return der(0x17, Buffer.from(`${digits}Z`));
}
