/**
 * Loaded before all else by every Node process of a test run, from a copy in the run's folder: keeps each HTTP answer, so that it
 * can be searched for secrets after the run. It only looks on: what `write` and `end` answer is passed on as it is, nothing is
 * held back, and no failure of its own reaches the program.
 */
import { mkdirSync, openSync, writeSync } from 'node:fs';
import { ServerResponse } from 'node:http';
import { join } from 'node:path';

/** Answers that are there to carry a secret, when they succeed. */
const ISSUING =
  /^(POST \/v1\/(sessions|sessions\/[^/]+\/rotate|api-keys|channels|channels\/[^/]+\/rotate-secret)|PUT \/v1\/sessions\/[^/]+\/renew)$/;
const LONGEST_NAME = 40;
/** Bytes of one answer. A longer one is an export: more of the events that the dump of its database has too. */
const LONGEST_ANSWER = 2 * 1024 * 1024;
const KEPT = Symbol('bytes kept');

const folder = join(import.meta.dirname, 'record', 'answers');
mkdirSync(folder, { recursive: true });
const file = openSync(join(folder, `answers.${process.pid}.${Date.now()}.0`), 'a');

const { write, end } = ServerResponse.prototype;
ServerResponse.prototype.write = function (chunk, encoding, done) {
  const result = write.call(this, chunk, encoding, done);
  keep(this, chunk, encoding);
  return result;
};
ServerResponse.prototype.end = function (chunk, encoding, done) {
  const result = end.call(this, chunk, encoding, done);
  keep(this, chunk, encoding);
  return result;
};

function keep(response, chunk, encoding) {
  try {
    const route = `${response.req.method} ${response.req.url.split('?', 1)[0]}`;
    if (response[KEPT] === undefined) {
      response[KEPT] = 0;
      writeSync(file, `\n\n== ${Date.now()} ${shortened(route)}\n${response._header ?? ''}`);
    }
    if (response[KEPT] > LONGEST_ANSWER || (response.statusCode < 300 && ISSUING.test(route))) return;
    if (typeof chunk === 'string') {
      response[KEPT] += writeSync(file, Buffer.from(chunk, typeof encoding === 'string' ? encoding : 'utf8'));
    } else if (chunk instanceof Uint8Array) response[KEPT] += writeSync(file, chunk);
  } catch {
    // No room, or no request that could be named: the test must not notice.
  }
}

/** For the reader of a finding; what a test put into a URL is no answer. */
function shortened(route) {
  return route
    .split('/')
    .map((name) => (name.length > LONGEST_NAME ? '…' : name))
    .join('/');
}
