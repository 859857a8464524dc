/** Where jest's global setup left PostgreSQL and the folder of this run. */
export interface TestEnvironment {
  /** URL of a superuser on the PostgreSQL of this run. */
  postgresUrl: string;
  /** Removed after the run; servers found in it are stopped first. */
  runDir: string;
  /** Where a downloaded nats-server is kept between runs. */
  cacheDir: string;
}

export const TEST_ENVIRONMENT_VARIABLE = 'SESSION_LEDGER_TEST_ENVIRONMENT';

/** Throws outside a test run. */
export function testEnvironment(): TestEnvironment {
  const text = process.env[TEST_ENVIRONMENT_VARIABLE];
  if (text === undefined) throw new Error('No test environment: run the tests with jest, whose global setup makes it');
  return JSON.parse(text) as TestEnvironment;
}
