import { describe, expect, it } from '@jest/globals';
import { TargetPolicy } from './target-policy.js';

const PRIVATE = [
  'http://127.0.0.1/',
  'http://[::1]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::7f00:1]/',
  'http://0.0.0.0/',
  'http://2130706433/',
  'http://0x7f000001/',
  'http://0177.0.0.1/',
  'http://127.1/',
  'http://[64:ff9b::7f00:1]/',
  'http://10.1.2.3/',
  'http://172.16.0.1/',
  'http://192.168.1.1/',
  'http://169.254.169.254/',
  'http://100.64.0.1/',
  'http://198.18.0.1/',
  'http://168.63.129.16/',
  'http://[fe80::1]/',
  'http://[fc00::1]/',
  'http://[fec0::1]/',
  'http://[4000::1]/',
  'http://[2002:7f00:1::]/',
  'http://224.0.0.1/',
  'http://255.255.255.255/',
];

describe('the target policy', () => {
  const policy = new TargetPolicy();

  it.each(PRIVATE)('refuses %s, however it is written', (text) => {
    expect(policy.problemOf(new URL(text.replace('http:', 'https:')))).toMatch(/not a public address/);
  });

  it('lets public addresses and names pass over https', () => {
    for (const url of ['https://93.184.215.14/x', 'https://[2606:2800:21f:cb07::1]/', 'https://hooks.example.com/in']) {
      expect(policy.problemOf(new URL(url))).toBeNull();
    }
  });

  it('refuses credentials in the URL and plain http to the internet', () => {
    expect(policy.problemOf(new URL('https://user:pass@example.com/'))).toMatch(/credentials/);
    expect(policy.problemOf(new URL('http://93.184.215.14/'))).toMatch(/https/);
    expect(policy.problemOf(new URL('http://example.com/'))).toMatch(/https/);
  });

  it('lets in the networks that the configuration allows, and nothing beside them', () => {
    const allowed = new TargetPolicy(['127.0.0.0/8', '10.1.2.3', 'fd00::/8']);
    expect(allowed.problemOf(new URL('http://127.0.0.1:8080/'))).toBeNull();
    expect(allowed.allows('::ffff:127.0.0.1')).toBe(true);
    expect(allowed.allows('10.1.2.3')).toBe(true);
    expect(allowed.allows('10.1.2.4')).toBe(false);
    expect(allowed.allows('fd12::1')).toBe(true);
    expect(allowed.allows('::1')).toBe(false);
  });
});
