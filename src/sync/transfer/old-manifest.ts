import { manifestId, parseManifest } from './manifest.ts';
import type { Manifest } from './manifest.ts';
import type { SyncRequest } from './transfer-types.ts';

// Reading one of ten thousand files takes longer than all else of a small sync.
const recent = new Map<string, Manifest>();
const RECENT = 4;

/**
 * Keeps a manifest at hand: its tree is most probably the next one to be changed.
 *
 * @param id - names it by its content
 * @param manifest - what a machine holds now
 */
export function keepRecent(id: string, manifest: Manifest): void {
  recent.delete(id);
  recent.set(id, manifest);
  for (const oldest of recent.keys()) {
    if (recent.size <= RECENT) {
      return;
    }
    recent.delete(oldest);
  }
}

/**
 * Finds what we put into a tree: remembered here, else as the machine keeps it.
 *
 * @param request - the way to the machine and the memory of this host
 * @param meta - absolute directory on the machine
 * @param id - of the manifest
 * @returns it, or `undefined` when it is lost: then nothing there is known to be ours
 */
export async function readOldManifest(
  request: Pick<SyncRequest, 'shell' | 'sent'>,
  meta: string,
  id: string,
): Promise<Manifest | undefined> {
  const remembered = recent.get(id) ?? (await request.sent.manifest(id));
  if (remembered !== undefined) {
    keepRecent(id, remembered);
    return remembered;
  }
  const text = (await request.shell.get(`${meta}/manifest`))?.toString('utf8');
  if (text === undefined || manifestId(text) !== id) {
    return undefined;
  }
  await request.sent.keepManifest(id, text);
  return parseManifest(text);
}
