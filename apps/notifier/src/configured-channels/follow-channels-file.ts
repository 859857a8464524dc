import { ConfigError } from '#libs/platform';
import { BackgroundLoop } from '../background-loop.js';
import { applyChannelsFile, readContent, warnIfNobodyIsTold, type ConfigureChannels } from './configure-channels.js';

const LOOK_EVERY_SECONDS = 2;

/** Applies the channels file again whenever its content is another. Returns what ends it; null where there is no file. */
export function followChannelsFile(parts: ConfigureChannels): BackgroundLoop | null {
  const { file, logger } = parts;
  if (file === undefined) return null;
  const follower = new ChannelsFileFollower({ ...parts, file });
  return new BackgroundLoop('looking at the channels file', logger).start(LOOK_EVERY_SECONDS, () => follower.look());
}

class ChannelsFileFollower {
  private applied: string | null = null;
  private told: string | null = null;

  constructor(private readonly parts: ConfigureChannels & { file: string }) {}

  /** A file that is wrong is told once, and leaves the channels as they are until it is mended. */
  async look(): Promise<void> {
    const { file, logger } = this.parts;
    try {
      const content = readContent(file);
      if (content === this.applied) return;
      await applyChannelsFile(this.parts, content);
      // The first look finds what the start has applied.
      if (this.applied !== null || this.told !== null) {
        logger.info({ file }, 'the channels file was changed and is applied');
        await warnIfNobodyIsTold(this.parts);
      }
      this.applied = content;
      this.told = null;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      if (error.message === this.told) return;
      this.told = error.message;
      logger.error({ err: error }, 'the channels file is wrong: the channels stay as they are until it is mended');
    }
  }
}
