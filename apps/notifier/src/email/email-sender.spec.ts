import { describe, expect, it } from '@jest/globals';
import { createTransport } from './email-sender.js';

function requiresTls(url: string): unknown {
  const transport = createTransport(url);
  // What the library has made of the URL and of our own options.
  const options = Reflect.get(transport.transporter, 'options') as { requireTLS?: unknown };
  transport.close();
  return options.requireTLS;
}

describe('a mail server', () => {
  it.each([
    'smtp://mail.example.com',
    'smtp://user:secret@mail.example.com:587',
    'smtp://192.0.2.1:25',
    'smtp://127.0.0.1.example.com',
    'smtp://localhost.example.com',
    'smtp://[2001:db8::1]',
  ])('on another machine must offer TLS: %s', (url) => {
    expect(requiresTls(url)).toBe(true);
  });

  it('need not where its URL says so, and nothing else in the URL says so', () => {
    expect(requiresTls('smtp://mail.example.com?requireTLS=false')).toBe(false);
    for (const query of [
      'ignoreTLS=true',
      'opportunisticTLS=true',
      'tls.rejectUnauthorized=true',
      'RequireTls=false',
    ]) {
      expect([query, requiresTls(`smtp://mail.example.com?${query}`)]).toEqual([query, true]);
    }
  });

  it.each(['smtp://127.0.0.1:1025', 'smtp://localhost', 'smtp://LOCALHOST:25', 'smtp://[::1]:25'])(
    'on this machine need not: %s',
    (url) => {
      expect(requiresTls(url)).toBe(false);
    },
  );
});
