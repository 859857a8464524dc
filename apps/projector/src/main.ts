import { runService } from '#libs/platform';
import { startProjector } from './start-projector.js';

await runService('projector', startProjector);
