// One of several writers: replaces the token file COUNT times through the library, then ends.
import { writeMcpToken } from '#libs/token-file';

const [path, count, letter] = process.argv.slice(2);
for (let round = 0; round < Number(count); round += 1) {
  const part = letter.repeat(40 + (round % 500));
  await writeMcpToken(path, `sl_sess_${part}.${part}.${part}`);
}
