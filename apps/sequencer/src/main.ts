import { runService } from '#libs/platform';
import { startSequencer } from './start-sequencer.js';

await runService('sequencer', startSequencer);
