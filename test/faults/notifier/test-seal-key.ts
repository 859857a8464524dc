/** Seals the channels of tests. */
export const TEST_SEAL_KEY = Buffer.alloc(32, 7).toString('base64');
