import type { Register } from '../commands.js';

export const registerCompletion: Register = (program, commands) => {
  program
    .command('completion <shell>')
    .description('print the completion script of bash, zsh or fish')
    .addHelpText(
      'after',
      '\nExamples:\n  $ source <(sledger completion bash)\n  $ sledger completion fish > ~/.config/fish/completions/sledger.fish\n',
    )
    .action(
      commands.action<object, [string]>(async (cli, _options, shell) =>
        (await import('./completion.js')).printCompletion(cli, program, shell),
      ),
    );
};
