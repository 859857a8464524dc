import { getHolderFilePath, loadHolder } from '#libs/client';
import { everything } from '../../everything.js';
import type { Check } from '../examination.js';
import { failed, ok, skipped, warning } from '../finding.js';
import { modeFinding } from './check-credential.js';

export const checkHolder: Check = async ({ settings, name, owner, token }) => {
  const path = getHolderFilePath(settings.dataDir);
  const open = modeFinding('holder', path);
  if (open.length > 0) return open;
  if (!token) return [];
  const holder = loadHolder(settings.dataDir, name);
  const remedy = 'Register it: `sledger mcp setup`.';
  if (holder === null) {
    return [
      warning('holder', 'This installation is no registered holder: it cannot fetch a token that it missed.', remedy),
    ];
  }
  if (!owner) return [skipped('holder', `Holder ${holder.holderId} was not looked up: the owner is not connected.`)];
  const registered = (await everything(owner.holders())).find(({ id }) => id === holder.holderId);
  if (!registered)
    return [failed('holder', `The server does not know holder ${holder.holderId} of this installation.`, remedy)];
  if (registered.sessionId !== token.sid) {
    return [
      failed(
        'holder',
        `Holder ${holder.holderId} belongs to session ${registered.sessionId}, the token file to ${token.sid}.`,
        remedy,
      ),
    ];
  }
  return [ok('holder', `This installation is holder ${registered.name} of the session.`)];
};
