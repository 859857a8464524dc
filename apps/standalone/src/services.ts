import { type StartService } from '#libs/platform';
import { startApi } from '../../api/src/start-api.js';
import { startNotifier } from '../../notifier/src/start-notifier.js';
import { startSequencer } from '../../sequencer/src/start-sequencer.js';

/** The services in starting order; they stop in the opposite one. */
export const SERVICES: Record<string, StartService> = {
  sequencer: startSequencer,
  notifier: startNotifier,
  api: startApi,
};
