import { setTimeout as sleep } from 'node:timers/promises';
import { findAgent } from '../agents/find-agent.js';
import type { Cli } from '../cli.js';
import { EXIT, Failure } from '../failure.js';
import { type LiveData, readLiveData } from './live-data.js';
import { liveFrame } from './live-frame.js';

const READ_EVERY = 2;
const FRAME_MS = 1000;
const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_REST = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/** A view to leave open: bars move every second, the server is asked every other. Ends with Ctrl-C. */
export async function watch(cli: Cli, agent: string | undefined): Promise<number> {
  const { stdout, interrupted } = cli.terminal;
  if (cli.screen.json || stdout.isTTY !== true) {
    throw new Failure(
      '--watch draws on a terminal',
      'For programs: `sledger session list --output json`, or `sledger audit tail --output json`.',
      'bad_option',
    );
  }
  const owner = await cli.owner();
  const agentId = agent === undefined ? undefined : (await findAgent(owner, agent)).id;
  let data = await readLiveData(owner, agentId);
  let stale: string | null = null;
  cli.screen.endProgress();
  stdout.write(ENTER);
  try {
    for (let frame = 0; !interrupted.aborted; frame++) {
      if (frame > 0 && frame % READ_EVERY === 0) [data, stale] = await refresh(cli, data, agentId);
      const size = { columns: stdout.columns ?? 100, rows: stdout.rows ?? 30 };
      const text = liveFrame(cli.screen.style, data, new Date(), size, stale);
      stdout.write(`${HOME}${text.replaceAll('\n', `${CLEAR_REST}\n`)}${CLEAR_REST}${CLEAR_BELOW}`);
      await sleep(FRAME_MS, undefined, { signal: interrupted }).catch(() => undefined);
    }
  } finally {
    stdout.write(LEAVE);
  }
  return EXIT.done;
}

/** A server that does not answer leaves the last picture, and says so. */
async function refresh(cli: Cli, last: LiveData, agentId: string | undefined): Promise<[LiveData, string | null]> {
  try {
    return [await readLiveData(await cli.owner(), agentId), null];
  } catch (error) {
    return [last, (error as Error).message];
  }
}
