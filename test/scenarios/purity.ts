/** A JSON-RPC message as the tests read it. */
export interface Rpc {
  jsonrpc: string;
  id?: string | number | null;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { code: number; message: string; data?: unknown };
}

const LOG_LINE = /^\d{4}-\d\d-\d\dT[\d:.]+Z (debug|info|warn|error) \[[a-z]+\] \S/;
/** Also a piece of a token; the bare prefix may be named. */
const SECRET = /sl_sess_[\w-]|eyJ[\w-]{16}/;

export function messageOf(line: string): Rpc | null {
  try {
    const value = JSON.parse(line) as Rpc;
    const isMessage = value.jsonrpc === '2.0' && ('method' in value || 'result' in value || 'error' in value);
    return isMessage ? value : null;
  } catch {
    return null;
  }
}

/**
 * What an MCP process printed against the rules, looking at every byte: stdout is lines of JSON-RPC and nothing else, not even an
 * empty line; each line on stderr has time, level and part; neither holds a token.
 *
 * @param killed the process was killed, so that its last line may be cut
 */
export function breachesIn(stdout: string, stderr: string, killed: boolean): string[] {
  const impure = wholeLines(stdout, killed).filter((line) => messageOf(line) === null);
  const unlogged = wholeLines(stderr, killed).filter((line) => !LOG_LINE.test(line));
  const secrets = SECRET.test(stdout) || SECRET.test(stderr) ? ['a token was printed'] : [];
  return [
    ...impure.map((line) => `stdout: ${JSON.stringify(line.slice(0, 500))}`),
    ...unlogged.map((line) => `stderr: ${JSON.stringify(line.slice(0, 500))}`),
    ...secrets,
  ];
}

/** All lines; what stands after the last line's end counts as a line of its own, unless a kill may have cut it. */
function wholeLines(text: string, killed: boolean): string[] {
  const lines = text.split('\n');
  const rest = lines.pop() ?? '';
  return rest === '' || killed ? lines : [...lines, rest];
}
