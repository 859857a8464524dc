import { describe, expect, it } from '@jest/globals';
import { loadConfig, redactConfig, redactUrl } from './config.js';

describe('loadConfig', () => {
  it('has defaults for everything', () => {
    const config = loadConfig({ LEDGER_DATA_DIR: '/data' });
    expect(config).toMatchObject({
      port: 3100,
      host: '127.0.0.1',
      ownerKeyFile: '/data/owner-key',
      previousTokenGrace: 30,
    });
  });

  it('lists every wrong key in one error', () => {
    const load = () => loadConfig({ LEDGER_PORT: '99999', DATABASE_URL: 'mysql://x', LEDGER_LOG_LEVEL: 'loud' });
    expect(load).toThrow(/LEDGER_PORT[\s\S]*LEDGER_LOG_LEVEL/);
    expect(load).toThrow(/DATABASE_URL/);
  });

  it('refuses to leave loopback without TLS or a trusted proxy', () => {
    expect(() => loadConfig({ LEDGER_HOST: '0.0.0.0' })).toThrow(/LEDGER_HOST/);
    expect(loadConfig({ LEDGER_HOST: '0.0.0.0', LEDGER_TRUSTED_PROXIES: '10.0.0.0/8' }).trustedProxies).toEqual([
      '10.0.0.0/8',
    ]);
  });

  it('prints no password and no key', () => {
    const config = loadConfig({
      DATABASE_URL: 'postgres://owner:hunter2@db/ledger',
      NATS_URL: 'nats://u:hunter2@a:4222,nats://u:hunter2@b:4222',
      LEDGER_SEAL_KEY: Buffer.alloc(32, 7).toString('base64'),
    });
    const printed = JSON.stringify(redactConfig(config));
    expect(printed).not.toContain('hunter2');
    expect(printed).not.toContain(Buffer.alloc(32, 7).toString('base64'));
  });
});

describe('the configuration', () => {
  it('names every wrong key in one error, networks and proxies too', () => {
    const wrong = {
      LEDGER_TRUSTED_PROXIES: '10.0.0.0/8,my-proxy',
      LEDGER_ALLOW_PRIVATE_TARGETS: 'my-network',
      LEDGER_PORT: 'x',
    };
    expect(() => loadConfig(wrong)).toThrow(
      /LEDGER_PORT[\s\S]*LEDGER_TRUSTED_PROXIES: addresses or networks[\s\S]*LEDGER_ALLOW_PRIVATE_TARGETS: addresses or networks/,
    );
    const right = { LEDGER_TRUSTED_PROXIES: 'loopback, 10.0.0.0/8,::1', LEDGER_ALLOW_PRIVATE_TARGETS: '127.0.0.0/8' };
    expect(loadConfig(right).trustedProxies).toEqual(['loopback', '10.0.0.0/8', '::1']);
  });
});

describe('redactUrl', () => {
  it.each([
    ['postgres://user:hunter2@db.example:5432/ledger', 'postgres://db.example:5432/ledger'],
    ['postgres://user:p@hunter2@db.example/ledger', 'postgres://db.example/ledger'],
    [
      'postgres://db.example/ledger?user=u&password=hunter2&sslmode=require',
      'postgres://db.example/ledger?sslmode=require',
    ],
    ['nats://user:hunter2@127.0.0.1:4222', 'nats://127.0.0.1:4222'],
  ])('shows %s without its secrets', (url, shown) => {
    expect(redactUrl(url)).toBe(shown);
  });
});
