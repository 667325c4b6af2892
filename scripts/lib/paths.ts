import { homedir } from 'node:os';
import { join } from 'node:path';

/** Top of the repository. */
export const ROOT = join(import.meta.dirname, '..', '..');

/** What `scripts/package.ts` writes and every test installs. */
export const VSIX = join(ROOT, 'out', 'runctl.vsix');

/** Result files, server logs and screenshots; ignored by git. */
export const RESULTS = join(ROOT, 'test-results');

/** Id of the extension as VS Code lists it. */
export const EXTENSION_ID = 'runctl.runctl';

/** Tools too big for every `npm ci`, kept outside the repository. */
export const CACHE = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  'runctl-vscode',
);
