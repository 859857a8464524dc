import { runService } from '#libs/platform';
import { startApi } from './start-api.js';

await runService('api', startApi);
