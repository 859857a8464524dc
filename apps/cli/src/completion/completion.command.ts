import type { Register } from '../commands.js';
import { examples } from '../help-examples.js';

export const registerCompletion: Register = (program, commands) => {
  program
    .command('completion <shell>')
    .description('print the completion script of bash, zsh or fish')
    .addHelpText(
      'after',
      examples(
        'source <(sledger completion bash)',
        'source <(sledger completion zsh)',
        'sledger completion fish > ~/.config/fish/completions/sledger.fish',
      ),
    )
    .action(
      commands.action<object, [string]>(async (cli, _options, shell) =>
        (await import('./completion.js')).printCompletion(cli, program, shell),
      ),
    );
};
