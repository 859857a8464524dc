import { tmpdir } from 'node:os';

/** Where jest's global setup left PostgreSQL and the folder of this run. */
export interface TestEnvironment {
  /** URL of a superuser on the PostgreSQL of this run. */
  postgresUrl: string;
  /** Removed after the run; servers found in it are stopped first. */
  runDir: string;
  /** Option of Node for every process of the run: keeps its HTTP answers. */
  recorder: string;
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

/** What a process of a test gets so that it leaves its temporary files in the run's folder and its HTTP answers in the record. */
export function runEnvironment(): Record<string, string> {
  const { TMPDIR = tmpdir(), NODE_OPTIONS = '' } = process.env;
  // The demo starts processes by the same means, also where no test started it.
  const recorder = process.env[TEST_ENVIRONMENT_VARIABLE] === undefined ? NODE_OPTIONS : testEnvironment().recorder;
  return { TMPDIR, NODE_OPTIONS: recorder };
}
