import { describe, expect, it } from '@jest/globals';
import { startProcess, TEST_ENVIRONMENT_VARIABLE, testEnvironment } from '#libs/testing';

describe('npm run demo', () => {
  it('observes every step of the main job and ends with exit code 0', async () => {
    // So that it keeps what its own processes print, and its receivers get, in the record of this run.
    const env = { [TEST_ENVIRONMENT_VARIABLE]: JSON.stringify(testEnvironment()) };
    await using demo = await startProcess(process.execPath, { args: ['dist/test/demo/main.js'], env });
    const { code } = await demo.exited;
    expect({ code, output: demo.output }).toMatchObject({ code: 0 });
    // Where the demo got no turn for seconds, the process may have renewed once more by itself.
    const [, generation, left] = /generation (\d), \d+ s left, (\d) renewals left/.exec(demo.stdout) ?? [];
    expect(Number(generation)).toBeGreaterThan(0);
    expect(Number(generation) + Number(left)).toBe(5);
    const promises = [
      /ready at http/,
      /tools: .*renew_session/,
      /uses the new token \d+ ms after the rotation/,
      /Telegram: [\s\S]*Email: [\s\S]*Webhook: .*expiring_soon.*signature valid/,
      /session\.revoked[\s\S]*session\.created[\s\S]*on JetStream in the same order/,
    ];
    for (const promise of promises) expect(demo.stdout).toMatch(promise);
  }, 600_000);
});
