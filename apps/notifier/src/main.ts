import { runService } from '#libs/platform';
import { startNotifier } from './start-notifier.js';

await runService('notifier', startNotifier);
