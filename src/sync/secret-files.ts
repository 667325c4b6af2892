import { readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { askGit, decodeNames } from './git.ts';
import type { SourceTree } from './model.ts';

/** A file that would be sent and looks as if it held a secret. */
export interface SecretFile {
  /** Relative to the root. */
  readonly path: string;
  /** Git has it: whoever keeps it there has decided already. */
  readonly tracked: boolean;
}

/** Names, in lower case, that hold nothing else. */
const NAMES = [
  /^\.env(?:\.|$)/,
  /\.(?:pem|key|p12|pfx|ppk|kubeconfig)$/,
  /^id_(?:rsa|dsa|ecdsa|ed25519)/,
  /^credentials/,
  /^service[-_]account.*\.json$/,
  /^(?:\.netrc|_netrc|kubeconfig|\.pypirc|\.pgpass|\.git-credentials)$/,
];
/** Of those: examples, public halves, and code about credentials. */
const HARMLESS = /\.(?:example|sample|template|dist|pub|py|pyi|ipynb|js|ts|md|rst|html)$/;
const NPM_TOKEN = /^\s*(?:\S*:)?_(?:authToken|auth|password)\s*=\s*[^\s$]/m;
const LONGEST_NPMRC = 64 * 1024;
/** Command lines have a limit. */
const PER_CALL = 500;

/**
 * Tells whether a name is one that secrets are kept under.
 *
 * @param path - relative, with `/`
 * @returns whether a person should look before it is sent
 */
export function looksSecret(path: string): boolean {
  const name = posix.basename(path).toLowerCase();
  const isKube = name === 'config' && posix.basename(posix.dirname(path)) === '.kube';
  return isKube || (!HARMLESS.test(name) && NAMES.some((pattern) => pattern.test(name)));
}

/**
 * Finds what a person may not want to send.
 *
 * @param tree - what would be sent
 * @param signal - gives up
 * @returns files in the order of the tree
 */
export async function secretFiles(
  tree: Pick<SourceTree, 'entries' | 'root' | 'rule'>,
  signal?: AbortSignal,
): Promise<readonly SecretFile[]> {
  const found: string[] = [];
  for (const { kind, path } of tree.entries) {
    if (kind !== 'file') {
      continue;
    }
    const isNpmrc = posix.basename(path) === '.npmrc';
    if (looksSecret(path) || (isNpmrc && (await holdsToken(join(tree.root, path))))) {
      found.push(path);
    }
  }
  const tracked = tree.rule === 'git' ? await trackedOf(tree.root, found, signal) : new Set();
  return found.map((path) => ({ path, tracked: tracked.has(path) }));
}

/**
 * Writes a path as a line of an ignore file that means it alone.
 *
 * @param path - relative to the folder of the file
 * @returns the line, without its end
 */
export function ignoreLine(path: string): string {
  const literal = path.replaceAll(/[\\*?[\]!# ]/g, String.raw`\$&`);
  // A line cannot hold an end of line: any one character there.
  return `/${literal.replaceAll(/[\r\n]/g, '?')}`;
}

async function holdsToken(file: string): Promise<boolean> {
  try {
    const text = await readFile(file, 'utf8');
    return text.length > LONGEST_NPMRC || NPM_TOKEN.test(text);
  } catch {
    // What cannot be read is not sent, and told as a problem of the tree.
    return false;
  }
}

async function trackedOf(
  root: string,
  paths: readonly string[],
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<string>> {
  const tracked = new Set<string>();
  for (let from = 0; from < paths.length; from += PER_CALL) {
    const some = paths.slice(from, from + PER_CALL);
    const args = ['--literal-pathspecs', 'ls-files', '-z', '--cached', '--', ...some];
    const { code, stdout } = await askGit(root, args, { signal });
    for (const name of code === 0 ? decodeNames(stdout).names : []) {
      tracked.add(name);
    }
  }
  return tracked;
}
