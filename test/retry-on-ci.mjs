import { jest } from '@jest/globals';

/**
 * On CI a test with real processes gets a second try: machines there are small and noisy. What failed first is printed, so that it is
 * seen and mended. At home nothing is tried twice.
 */
if (process.env.CI) jest.retryTimes(1, { logErrorsBeforeRetry: true });
