import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * All text an output channel was given, from the files VS Code keeps on the
 * server: complete, where the panel shows only the lines on screen. Every
 * window and every restart of an extension host has its own file; they come in
 * the order of their last change.
 *
 * @param dataDir - of the server
 * @param channel - its name, such as `runctl`
 */
export function channelText(dataDir: string, channel: string): string {
  return channelTexts(dataDir, channel).join('');
}

/** As {@link channelText}, each window's and each extension host's text by itself. */
export function channelTexts(dataDir: string, channel: string): string[] {
  // VS Code drops what a file name cannot hold.
  const name = channel.replaceAll(/[\\/:*?"<>|]/g, '');
  return globSync('**/*.log', { cwd: join(dataDir, 'data', 'logs') })
    .filter((path) => path.endsWith(`/${name}.log`) || path.endsWith(`-${name}.log`))
    .map((path) => join(dataDir, 'data', 'logs', path))
    .sort((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs)
    .map((path) => readFileSync(path, 'utf8'));
}
