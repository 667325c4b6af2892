import * as l10n from '@vscode/l10n';
import { validationWithExamples } from '../../core/error-helpers.ts';

/** Where to connect, as far as it was said; the SSH configuration fills in the rest. */
export interface SshTarget {
  /** Host name, address, or a `Host` of the SSH configuration. */
  readonly host: string;
  /** `null` when nothing was said. */
  readonly user: string | null;
  /** `null` when nothing was said. */
  readonly port: number | null;
}

const EXAMPLES = ['gpu.example.org', 'me@gpu.example.org:2222'];
const TARGET =
  /^(?:(?<user>[^@\s:]+)@)?(?:\[(?<address>[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._-]+)?)\]|(?<host>[^@\s:[\]/]+))(?::(?<port>\d{1,5}))?$/;

/**
 * Writes a target as the id of its machine: `[user@]host[:port]`, so that any
 * window can connect from the id alone.
 *
 * @param target - where to connect
 * @returns one word
 */
export function machineIdOf(target: SshTarget): string {
  const { host, user, port } = target;
  const place = host.includes(':') ? `[${host}]` : host;
  return `${user === null ? '' : `${user}@`}${place}${port === null ? '' : `:${port}`}`;
}

/**
 * Reads a machine's id back.
 *
 * @param id - `[user@]host[:port]`
 * @returns where to connect
 * @throws {ValidationError} when it is no target
 */
export function targetOf(id: string): SshTarget {
  const parts = TARGET.exec(id)?.groups;
  const host = parts?.['address'] ?? parts?.['host'] ?? '';
  const user = parts?.['user'] ?? null;
  const port = parts?.['port'] === undefined ? null : Number(parts['port']);
  // A leading dash would read as an option of `ssh` in a hand-off.
  const isOption = host.startsWith('-') || user?.startsWith('-') === true;
  if (host === '' || isOption || (port !== null && (port < 1 || port > 65_535))) {
    const rule = l10n.t('it must be a host, with a user and a port when needed');
    throw validationWithExamples(l10n.t('SSH machine'), id, rule, EXAMPLES);
  }
  return { host, user, port };
}
