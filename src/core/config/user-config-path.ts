import { homedir } from 'node:os';
import { posix, win32 } from 'node:path';

/** The host a user's file is looked for on. */
export interface ConfigHost {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
}

/**
 * Finds the user's own file: `runctl/config.toml` below `$XDG_CONFIG_HOME`, else
 * `~/.config`; below `%APPDATA%` on Windows.
 *
 * @param host - this host unless a test says otherwise
 * @returns absolute path, whether or not there is a file
 */
export function userConfigPath(host: ConfigHost = thisHost()): string {
  const windows = host.platform === 'win32';
  const path = windows ? win32 : posix;
  const named = host.env[windows ? 'APPDATA' : 'XDG_CONFIG_HOME'];
  const usual = windows ? path.join(host.home, 'AppData', 'Roaming') : path.join(host.home, '.config');
  // The XDG rules say that a relative path is to be ignored.
  const base = named !== undefined && path.isAbsolute(named) ? named : usual;
  return path.join(base, 'runctl', 'config.toml');
}

function thisHost(): ConfigHost {
  return { platform: process.platform, env: process.env, home: homedir() };
}
