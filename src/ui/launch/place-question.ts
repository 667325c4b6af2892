import * as l10n from '@vscode/l10n';

/** What the file of a workspace wants, and the person has not agreed to yet; one of both at least. */
export interface PlaceWish {
  /** `s3://bucket/prefix`, and the address of its store; `null` for Amazon's. */
  readonly bucket: { readonly durable: string; readonly endpoint: string | null } | null;
  /** Origin of the webhook, such as `https://example.org`: the rest may hold a token. */
  readonly webhook: string | null;
}

/** A modal question. */
export interface PlaceQuestion {
  readonly title: string;
  readonly detail: string;
  /** The one button besides Cancel. */
  readonly yes: string;
}

/**
 * Puts into words what a workspace wants to send, and where.
 *
 * @param wish - see the fields
 * @param file - the file that names it
 * @returns the question
 */
export function placeQuestion(wish: PlaceWish, file: string): PlaceQuestion {
  const { bucket, webhook } = wish;
  const isBoth = bucket !== null && webhook !== null;
  const parts = [isBoth ? l10n.t('Both are named in {0}.', file) : l10n.t('It is named in {0}.', file)];
  if (bucket !== null) {
    parts.push(
      l10n.t('When a run has ended, however it ended, its machine sends to the bucket: the log, the exit record and the newest whole checkpoint.'),
      bucket.endpoint === null
        ? l10n.t('The bucket is at Amazon S3.')
        : l10n.t('The bucket is at {0}, as your settings say.', bucket.endpoint),
    );
  }
  if (webhook !== null) {
    parts.push(
      l10n.t('{0} is told by the machine of the end of each run: its id, how and when it ended, the name of the machine, and the names of what was saved.', webhook),
    );
  }
  return { ...titleOf(bucket?.durable ?? null, webhook), detail: parts.join('\n\n') };
}

function titleOf(durable: string | null, webhook: string | null): Pick<PlaceQuestion, 'title' | 'yes'> {
  if (webhook === null) {
    return { title: l10n.t('Send results to {0}?', durable ?? ''), yes: l10n.t('Use This Bucket') };
  }
  if (durable === null) {
    return { title: l10n.t('Tell {0} when runs end?', webhook), yes: l10n.t('Use This Webhook') };
  }
  return {
    title: l10n.t('Send results to {0}, and tell {1} when runs end?', durable, webhook),
    yes: l10n.t('Use Both'),
  };
}
