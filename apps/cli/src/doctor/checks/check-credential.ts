import { chmod } from 'node:fs/promises';
import { lstatSync } from 'node:fs';
import { connect } from '../../connection/connect.js';
import { ownerKeyPath } from '../../connection/owner-key.js';
import { Failure } from '../../failure.js';
import type { Check, Examination } from '../examination.js';
import { failed, ok, skipped, type Finding } from '../finding.js';

export const checkCredential: Check = async (examination) => {
  const { settings } = examination;
  const path = ownerKeyPath(settings.dataDir, settings.ownerKeyFile);
  const modes = modeFinding('owner-key', path);
  if (!examination.answers)
    return [...modes, skipped('credential', 'The owner credential was not tried: no server answers.')];
  try {
    const owner = await connect({ ...settings, baseUrl: examination.baseUrl });
    await owner.sessionPage({ limit: 1 });
    examination.owner = owner;
    return [...modes, ok('credential', `The server takes the owner credential in ${path}.`)];
  } catch (error) {
    return [...modes, refused(error as Error, path, examination)];
  }
};

function refused(error: Error, path: string, { baseUrl }: Examination): Finding {
  if (error instanceof Failure) return failed('credential', `${capital(error.message)}.`, error.remedy ?? '');
  const { problem } = error as { problem?: { code: string; title: string } };
  if (problem?.code === 'CREDENTIAL_INVALID') {
    return failed(
      'credential',
      `The server at ${baseUrl} refuses the owner credential in ${path}.`,
      'Copy the file from the data directory of that server; if it is lost: `sledger owner-key reset` there.',
    );
  }
  return failed('credential', `The server does not answer the owner: ${error.message}.`, 'Look into the server’s log.');
}

/** A secret that others on this machine can read. */
export function modeFinding(check: string, path: string): Finding[] {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile() || process.platform === 'win32' || (stat.mode & 0o077) === 0) return [];
  const mode = (stat.mode & 0o777).toString(8).padStart(4, '0');
  return [
    failed(check, `${path} has mode ${mode}: other users of this machine can read it.`, `Run \`chmod 600 ${path}\`.`, {
      what: `set ${path} to mode 0600`,
      run: () => chmod(path, 0o600),
    }),
  ];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
