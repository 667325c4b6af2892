import { stat } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import * as l10n from '@vscode/l10n';
import { RunError } from '../../core/errors.ts';
import type { TextMasker } from '../../core/mask.ts';
import type { Run } from '../../core/model/run.ts';
import { completeLength } from './control-stripper.ts';
import { FollowedFile, identityAt } from './followed-file.ts';
import { PART_BYTES, partCount, partStart } from './log-parts.ts';
import { MaskedPieces } from './mask-through.ts';

/** What a masked log shows, and of what. */
export interface MaskedLogOptions {
  /** Absolute path of the log on this host. */
  readonly path: string;
  /** Which part of it, from 0. */
  readonly part: number;
  readonly masker: TextMasker;
  /** Size of a part in bytes; as {@link PART_BYTES} unless told. */
  readonly partBytes?: number;
}

/** The masked text as it was at one moment. Times are ms since the epoch. */
export interface MaskedLogFacts {
  /** Bytes of exactly the text that is given. */
  readonly size: number;
  readonly createdAt: number;
  readonly modifiedAt: number;
}

/** Most that waits for the rest of a secret, in characters. */
const MAX_KEPT = 8 * 1024;

/**
 * One part of a log with its secrets hidden, read piece by piece as it grows.
 * It holds the masked text alone, at most about one part.
 */
export class MaskedLog {
  private readonly options: MaskedLogOptions;
  private file: FollowedFile | undefined;
  private begin: Promise<unknown> = Promise.resolve();
  private chunks: Buffer[] = [];
  private size = 0;
  private pending = '';
  private decoder = new StringDecoder('utf8');
  private pieces: MaskedPieces;

  /**
   * @param options - see the fields
   */
  constructor(options: MaskedLogOptions) {
    this.options = options;
    this.pieces = new MaskedPieces(options.masker);
  }

  /**
   * Reads what has come; all of it anew when the file was written over.
   *
   * @param ended - nothing more comes: what may begin a secret is shown, too
   * @returns the facts of the text as it is now
   * @throws {RunError} `log-gone` when there is no file
   * @throws {IoError} when it cannot be read
   */
  refresh(ended: boolean): Promise<MaskedLogFacts> {
    const next = this.begin.then(() => this.read(ended));
    this.begin = next.catch(() => undefined);
    return next;
  }

  /**
   * The text as the last {@link refresh} left it.
   *
   * @returns UTF-8
   */
  content(): Buffer {
    const whole = Buffer.concat(this.chunks, this.size);
    // One piece from now on, instead of both.
    this.chunks = [whole];
    return whole;
  }

  /**
   * Lets go of the file and the text.
   *
   * @returns when the file is closed
   */
  async close(): Promise<void> {
    await this.begin;
    await this.file?.close();
    this.forget();
  }

  private async read(ended: boolean): Promise<MaskedLogFacts> {
    const { path, part, masker, partBytes = PART_BYTES } = this.options;
    const facts = await stat(path).catch((cause: unknown) => {
      throw logGone(path, { cause });
    });
    if (this.file !== undefined && this.file.identity !== (await identityAt(path))) {
      await this.file.close();
      this.forget();
    }
    const isLast = part >= partCount(facts.size, partBytes) - 1;
    const end = isLast ? facts.size : await partStart(path, part + 1, masker, partBytes);
    await this.readTo(end);
    this.take('', ended || !isLast);
    return { size: this.size, createdAt: facts.birthtimeMs, modifiedAt: facts.mtimeMs };
  }

  private async readTo(end: number): Promise<void> {
    const file = await this.opened();
    for (;;) {
      const chunk = await file.read(end);
      if (chunk === 'rewritten') {
        await file.close();
        this.forget();
        await this.readTo(end);
        return;
      }
      if (chunk.length === 0) {
        return;
      }
      this.take(this.decoder.write(chunk), false);
    }
  }

  private async opened(): Promise<FollowedFile> {
    const { path, part, masker, partBytes } = this.options;
    if (this.file === undefined) {
      const from = await partStart(path, part, masker, partBytes);
      this.file = await FollowedFile.open(path, from);
    }
    if (this.file === undefined) {
      throw logGone(path);
    }
    return this.file;
  }

  private take(text: string, last: boolean): void {
    this.pending += text;
    const kept = last ? 0 : this.heldBack();
    const piece = this.pending.slice(0, this.pending.length - kept);
    if (piece !== '') {
      this.pending = this.pending.slice(piece.length);
      const chunk = Buffer.from(this.pieces.mask(piece), 'utf8');
      this.chunks.push(chunk);
      this.size += chunk.length;
    }
  }

  private heldBack(): number {
    const whole = completeLength(this.pending);
    const secret = this.pieces.holdBack(this.pending.slice(0, whole));
    return Math.min(MAX_KEPT, this.pending.length - whole + secret);
  }

  private forget(): void {
    this.file = undefined;
    this.chunks = [];
    this.size = 0;
    this.pending = '';
    this.decoder = new StringDecoder('utf8');
    this.pieces = new MaskedPieces(this.options.masker);
  }
}

/**
 * Says that a log is not where it was written.
 *
 * @param path - absolute path
 * @param known - what else is known
 * @param known.run - whose log it is
 * @param known.cause - what the system said
 * @returns what to throw
 */
export function logGone(
  path: string,
  known: { readonly run?: Pick<Run, 'id'>; readonly cause?: unknown } = {},
): RunError {
  const { run, cause } = known;
  const text = l10n.t('The log is gone: there is no file {0} any more', path);
  return new RunError('log-gone', text, {
    cause,
    details: { path },
    nextAction: run && {
      title: l10n.t('Show Run Details'),
      command: 'runctl.showRunDetails',
      arguments: [run.id],
    },
  });
}
