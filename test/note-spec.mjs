/** Before each spec: notes which one this process begins, so that a finding of the search after the run can be told to it. */
import { appendFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect } from '@jest/globals';

const { runDir } = JSON.parse(process.env.SESSION_LEDGER_TEST_ENVIRONMENT);
const spec = relative(process.cwd(), expect.getState().testPath);
appendFileSync(join(runDir, 'record', 'specs', String(process.pid)), `${Date.now()} ${spec}\n`);
