import { startApi } from '../../api/src/start-api.js';
import { startNotifier } from '../../notifier/src/start-notifier.js';
import { startProjector } from '../../projector/src/start-projector.js';
import { startSequencer } from '../../sequencer/src/start-sequencer.js';
import type { StartService } from '#libs/platform';

/** The services in starting order; they stop in the opposite one. */
export const SERVICES: Record<string, StartService> = {
  sequencer: startSequencer,
  projector: startProjector,
  notifier: startNotifier,
  api: startApi,
};
