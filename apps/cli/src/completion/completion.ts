import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { Failure } from '../failure.js';

/** What can follow a command: its subcommands and options. */
interface Follow {
  /** Words from `sledger` on, e.g. `session list`; empty for the top. */
  path: string;
  children: string[];
  /** Subcommands and options. */
  words: string[];
}

/** Scripts are made from the program itself, so they name exactly what there is. */
export function printCompletion(cli: Cli, program: Command, shell: string): Promise<void> {
  const make = SCRIPTS[shell];
  if (make === undefined) {
    throw new Failure(`there is no completion for "${shell}"`, 'Use bash, zsh or fish.', 'bad_option');
  }
  cli.screen.line(make(followsOf(program, [])).trimEnd());
  return Promise.resolve();
}

function followsOf(command: Command, path: string[], inherited: string[] = []): Follow[] {
  const own = command.options.map(({ long }) => long).filter((long) => long !== undefined && long !== null);
  const options = [...new Set([...own, ...inherited, '--help'])].filter((option) => option !== '--version');
  const children = command.commands.map((child) => child.name());
  return [
    { path: path.join(' '), children, words: [...children, ...options] },
    ...command.commands.flatMap((child) =>
      followsOf(child, [...path, child.name()], path.length === 0 ? own : inherited),
    ),
  ];
}

const SCRIPTS: Readonly<Record<string, (follows: Follow[]) => string>> = {
  bash: (follows) => `# sledger completion for bash
_sledger() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) [ -z "$(_sledger_words "$path $word")" ] || path="$path $word" ;; esac
  done
  COMPREPLY=($(compgen -W "$(_sledger_words "$path")" -- "$current"))
}
_sledger_words() {
  case "\${1# }" in
${follows.map(({ path, words }) => `    '${path}') echo '${words.join(' ')}' ;;`).join('\n')}
  esac
}
complete -o default -F _sledger sledger
`,
  zsh: (follows) => `#compdef sledger
_sledger() {
  local -A follows
  follows=(
${follows.map(({ path, words }) => `    '${path === '' ? '.' : path}' '${words.join(' ')}'`).join('\n')}
  )
  local where='' word
  for word in \${words[2,CURRENT-1]}; do
    [[ $word == -* ]] && continue
    [[ -n \${follows[\${where:+$where }$word]} ]] && where="\${where:+$where }$word"
  done
  compadd -- \${=follows[\${where:-.}]}
  _files
}
compdef _sledger sledger
`,
  fish: (follows) => ['# sledger completion for fish', ...follows.map(fishLine)].join('\n'),
};

/** Holds where the path's words stand on the line and none of the words that lead further. */
function fishLine({ path, children, words }: Follow): string {
  const seen = path.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`);
  const notFurther = children.length > 0 ? [`not __fish_seen_subcommand_from ${children.join(' ')}`] : [];
  const condition = path === '' ? '__fish_use_subcommand' : [...seen, ...notFurther].join('; and ');
  // A command that has subcommands takes no file.
  const files = children.length > 0 ? ' -f' : '';
  return `complete -c sledger${files} -n '${condition}' -a '${words.join(' ')}'`;
}
