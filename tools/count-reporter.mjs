import { writeSync } from 'node:fs';

/** The last line of a test run: `N passed, N failed`. A suite that could not run counts as one failure. */
export default class CountReporter {
  onRunComplete(_contexts, { numPassedTests, numFailedTests, numRuntimeErrorTestSuites }) {
    const failed = numFailedTests + numRuntimeErrorTestSuites;
    process.once('exit', () => writeSync(1, `${numPassedTests} passed, ${failed} failed\n`));
  }
}
