import type { Register } from '../commands.js';
import type { DoctorOptions } from './doctor.js';
import { examples } from '../help-examples.js';

export const registerDoctor: Register = (program, commands) => {
  program
    .command('doctor')
    .description('look at everything that can be wrong between a desktop agent and the ledger')
    .option('--fix', 'mend what can be mended without harm')
    .option('--name <name>', 'the holder whose files are meant (default: default)')
    .addHelpText('after', examples('sledger doctor', 'sledger doctor --fix'))
    .action(commands.action<DoctorOptions>(async (cli, options) => (await import('./doctor.js')).doctor(cli, options)));
};
