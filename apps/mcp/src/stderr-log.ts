import type { Log } from '#libs/client';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LEVELS)[number];

/** Anything of the shape of a token of ours: it must not be here, and if it is, it does not get out. */
const TOKEN = /(?:sl_sess_)?eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+/g;

export function isLogLevel(text: string): text is LogLevel {
  return (LEVELS as readonly string[]).includes(text);
}

/** Lines on stderr: time, level, part, message. stdout belongs to the protocol. */
export function stderrLog(part: string, threshold: LogLevel = 'info'): Log {
  const lowest = LEVELS.indexOf(threshold);
  const writer = (level: LogLevel) => (message: string) => {
    if (LEVELS.indexOf(level) < lowest) return;
    const line = message.replaceAll(TOKEN, '[token]').replaceAll(/\s*\n\s*/g, ' ');
    process.stderr.write(`${new Date().toISOString()} ${level} [${part}] ${line}\n`);
  };
  return { debug: writer('debug'), info: writer('info'), warn: writer('warn'), error: writer('error') };
}
