import { manifestId, parseManifest } from './manifest.ts';
import type { Manifest } from './manifest.ts';
import type { SyncRequest } from './transfer-types.ts';

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
  const remembered = await request.sent.manifest(id);
  if (remembered !== undefined) {
    return remembered;
  }
  const text = (await request.shell.get(`${meta}/manifest`))?.toString('utf8');
  if (text === undefined || manifestId(text) !== id) {
    return undefined;
  }
  await request.sent.keepManifest(id, text);
  return parseManifest(text);
}
