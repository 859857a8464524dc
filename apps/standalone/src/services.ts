import { startNotifier } from '../../notifier/src/start-notifier.js';
import { type StartService } from '#libs/platform';

/** The services in starting order; they stop in the opposite one. */
export const SERVICES: Record<string, StartService> = { notifier: startNotifier };
