import { CHUNKED_FROM } from '../cut-chunks.ts';
import type { HashedFile } from '../model.ts';
import type { SyncRequest } from './transfer-types.ts';

/**
 * Keeps what the next sync needs to know of this one: its manifest, and the pieces
 * of its large files. Goes on beside the sending; what is kept of a name or a hash
 * holds whether or not it is sent.
 *
 * @param request - the memory of this host, and what finds pieces on a thread of its own
 * @param id - names the manifest by its content
 * @param text - the manifest
 * @param files - all that is sent
 * @returns settles when all is kept; may be awaited late
 */
export function keepSent(
  request: Pick<SyncRequest, 'sent' | 'chunks'>,
  id: string,
  text: string,
  files: Iterable<HashedFile>,
): Promise<unknown> {
  const kept = Promise.all([request.sent.keepManifest(id, text), keepPieces(request, files)]);
  // Whoever awaits it hears of its failure; after a break nobody may.
  kept.catch(() => undefined);
  return kept;
}

async function keepPieces(
  { sent, chunks }: Pick<SyncRequest, 'sent' | 'chunks'>,
  files: Iterable<HashedFile>,
): Promise<void> {
  for (const file of files) {
    if (file.size >= CHUNKED_FROM && (await sent.chunks(file.hash)) === undefined) {
      try {
        await sent.keepChunks(file.hash, await chunks.chunksOf(file));
      } catch {
        // It changed since: the next version of it goes whole.
      }
    }
  }
}
