import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, parse } from 'node:path';
import picomatch from 'picomatch';
import { configLines } from './ssh-config-values.ts';
import type { SshConfigTexts } from './ssh-config-values.ts';

/** Where the configuration of ssh lies. */
export interface SshConfigPlaces {
  /** Absolute home directory. */
  readonly home: string;
  /** Absolute path of the person's file; `~/.ssh/config` when missing. */
  readonly userFile?: string;
  /** Absolute path of the system's file; `/etc/ssh/ssh_config` when missing. */
  readonly systemFile?: string;
}

const MAX_FILES = 512;
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * Reads the configuration of ssh and all it includes. What is missing or
 * cannot be read is left out, as ssh does with includes.
 *
 * @param places - where to look
 * @returns the texts
 */
export async function readSshConfig(
  places: SshConfigPlaces = { home: homedir() },
): Promise<SshConfigTexts> {
  const { home } = places;
  const user = places.userFile ?? join(home, '.ssh', 'config');
  const system = places.systemFile ?? '/etc/ssh/ssh_config';
  const texts = new Map<string, string>();
  const includes = new Map<string, readonly string[]>();
  const waiting = [
    { path: user, folder: join(home, '.ssh') },
    { path: system, folder: dirname(system) },
  ];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { path, folder } = next;
    if (texts.has(path) || texts.size >= MAX_FILES) {
      continue;
    }
    const text = await readFile(path, 'utf8').catch(() => '');
    texts.set(path, text.length > MAX_BYTES ? '' : text);
    for (const { keyword, words } of configLines(text)) {
      for (const word of keyword === 'include' ? words : []) {
        const found = await expand(absolute(word, folder, home));
        includes.set(word, [...(includes.get(word) ?? []), ...found]);
        waiting.push(...found.map((file) => ({ path: file, folder })));
      }
    }
  }
  return { roots: [user, system], texts, includes };
}

function absolute(pattern: string, folder: string, home: string): string {
  if (pattern === '~' || pattern.startsWith('~/')) {
    return join(home, pattern.slice(1));
  }
  return isAbsolute(pattern) ? pattern : join(folder, pattern);
}

// As glob(3): sorted, hidden files only when the pattern says so.
async function expand(pattern: string): Promise<readonly string[]> {
  const { root } = parse(pattern);
  let paths = [root];
  for (const part of pattern.slice(root.length).split(/[/\\]/).filter(Boolean)) {
    paths = /[*?[]/.test(part)
      ? (await Promise.all(paths.map((path) => children(path, part)))).flat()
      : paths.map((path) => join(path, part));
  }
  return paths;
}

async function children(folder: string, pattern: string): Promise<readonly string[]> {
  const matches = picomatch(pattern, { dot: pattern.startsWith('.'), nobrace: true, noext: true });
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => matches(name))
    .sort()
    .map((name) => join(folder, name));
}
