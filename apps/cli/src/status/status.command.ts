import type { Register } from '../commands.js';

export const registerStatus: Register = (program, commands) => {
  program
    .command('status')
    .description('the server, its sessions and what needs attention')
    .action(commands.action(async (cli) => (await import('./show-status.js')).showStatus(cli)));
};
