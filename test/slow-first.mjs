import Sequencer from '@jest/test-sequencer';
import { statSync } from 'node:fs';

const TIERS = ['.e2e.spec.ts', '.int.spec.ts', '.spec.ts'];

/** Real processes first, pure rules last, so that no worker is left alone with a long one: a fresh clone knows no durations. */
export default class SlowFirst extends Sequencer {
  sort(tests) {
    return [...tests].sort((a, b) => weightOf(a) - weightOf(b) || sizeOf(b) - sizeOf(a));
  }
}

function weightOf({ path }) {
  return TIERS.findIndex((suffix) => path.endsWith(suffix));
}

function sizeOf({ path }) {
  return statSync(path).size;
}
