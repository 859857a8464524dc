import { hash } from 'node:crypto';

/** Seals the channels of tests; like nothing else that they write, so that a search finds it where it leaks. */
export const TEST_SEAL_KEY = hash('sha256', 'the sealing key of tests', 'base64');
