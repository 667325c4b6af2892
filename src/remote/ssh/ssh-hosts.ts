import { configLines } from './ssh-config-values.ts';
import type { SshConfigTexts } from './ssh-config-values.ts';

/**
 * Lists the hosts that an SSH configuration names, to pick from.
 *
 * @param config - all files of it
 * @returns names without patterns, each once, in the order of the files
 */
export function sshHosts(config: SshConfigTexts): readonly string[] {
  const hosts = new Set<string>();
  for (const text of config.texts.values()) {
    for (const { keyword, words } of configLines(text)) {
      if (keyword === 'host') {
        words.filter((word) => /^[^!*?-][^!*?]*$/.test(word)).forEach((word) => hosts.add(word));
      }
    }
  }
  return [...hosts];
}
