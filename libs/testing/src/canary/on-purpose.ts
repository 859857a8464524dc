/** Every reason for which a secret may stand in what a run leaves. A test that leaves one names its reason. */
export const ON_PURPOSE = {
  'shown once': 'a command that makes a token or a channel secret shows it to the person who asked for it',
  'a server of its own': 'a process prints the URL of a database that it made for this test, which then asks there',
  'settings of a service':
    'a test writes, as an operator would, the file that tells a service how to reach its servers',
  'what is to be found': 'the test of the search itself leaks, so that the search must find it',
} as const;

export type OnPurpose = keyof typeof ON_PURPOSE;

/** Commands of `sledger` whose JSON holds a new secret, unless this option has it go elsewhere or come from there. */
const SHOWING = [
  { command: ['session', 'create'], unless: '--token-file' },
  { command: ['channel', 'add'], unless: '--secret-file' },
];

/** Whether this command line asks `sledger` to show a secret: what it prints is not searched then. */
export function asksForSecret(args: readonly string[]): boolean {
  const names = (word: string) => args.includes(word);
  return names('json') && SHOWING.some(({ command, unless }) => command.every(names) && !names(unless));
}
