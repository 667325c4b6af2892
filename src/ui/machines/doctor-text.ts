import * as l10n from '@vscode/l10n';
import { formatNumber } from '../../core/locale.ts';
import type { DoctorLine } from '../../providers/ssh/doctor.ts';

const SIGNS: Readonly<Record<DoctorLine['level'], string>> = {
  waiting: '·',
  running: '…',
  skipped: '–',
  ok: '✓',
  warn: '⚠',
  fail: '✗',
};

/**
 * Writes a check of a machine as a document, also while it goes on.
 *
 * @param machine - its name
 * @param lines - how the steps stand
 * @returns Markdown that reads well as plain text, too
 */
export function doctorText(machine: string, lines: readonly DoctorLine[]): string {
  const blocks = [
    `# ${l10n.t('Check of {0}', machine)}`,
    summary(lines),
    lines.map(block).join('\n'),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function summary(lines: readonly DoctorLine[]): string {
  const count = (level: DoctorLine['level']): number =>
    lines.filter((line) => line.level === level).length;
  if (count('running') + count('waiting') > 0) {
    return l10n.t('The check goes on: {0} of {1} steps.', lines.length - count('waiting'), lines.length);
  }
  const failed = lines.find(({ level }) => level === 'fail');
  if (failed !== undefined) {
    return l10n.t('{0} fails. Mend that first: {1} steps could not be looked at.', failed.title, count('skipped'));
  }
  if (count('skipped') > 0) {
    return l10n.t('The check was ended before its end.');
  }
  return count('warn') === 0
    ? l10n.t('All is well.')
    : l10n.t('The machine can be used. Points to look at: {0}.', count('warn'));
}

function block({ title, level, text, fix, tookMs }: DoctorLine): string {
  const took = tookMs === null ? '' : ` (${l10n.t('{0} ms', formatNumber(tookMs))})`;
  const said = text === '' ? '' : `: ${plain(text)}`;
  const head = `- ${SIGNS[level]} **${title}**${said}${took}`;
  return [head, ...fix.map((step) => `  - ${plain(step)}`)].join('\n');
}

// What a machine says must not look like a part of this document.
function plain(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/([\\*_<>[\]#|])/g, '\\$1');
}
