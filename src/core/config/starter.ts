import * as l10n from '@vscode/l10n';

/**
 * Writes the text of a first configuration file: one run profile to launch at
 * once, the rest as comments to choose from.
 *
 * @param script - script or program to run, relative to the folder; `null` when
 *   none is known, which leaves the profile as a comment
 * @returns a document that parses without problems
 */
export function starterConfig(script: string | null): string {
  return [
    ...comment(
      l10n.t('How runctl trains in this folder. Every key is optional and has a default.'),
      l10n.t('Completion (Ctrl+Space) and hover explain the keys.'),
    ),
    '',
    ...(script === null
      ? comment(l10n.t('No script was found: name yours, and take these three # away.'))
      : []),
    ...profile('[runs.train]', script),
    ...comment(l10n.t('A script or program; Python scripts run with uv when it is there.')),
    ...profile(`command = ${commandText(script ?? 'train.py')}`, script),
    ...comment(l10n.t('Passed as they are; no shell reads them.')),
    ...profile('args = []', script),
    '# env = { OMP_NUM_THREADS = "4" }',
    ...comment(l10n.t('Secrets are asked for once and never written to this file.')),
    '# secrets = ["HF_TOKEN"]',
    ...comment(l10n.t('Where the run writes checkpoints; it finds it in RUNCTL_CHECKPOINT_DIR.')),
    '# checkpoint_dir = "checkpoints"',
    ...comment(l10n.t('Added when resuming from a checkpoint.')),
    '# resume_args = ["--resume", "{checkpoint}"]',
    ...comment(l10n.t('For log lines in a form of your own: named groups are metrics.')),
    String.raw`# metrics = 'step (?<step>\d+) loss (?<loss>[0-9.]+)'`,
    ...comment(l10n.t('Done before the run; skipped while requirements and lock files are the same.')),
    '# setup = ["uv", "sync"]',
    ...comment(l10n.t('Where results go when the run has ended: a bucket, or this computer ("window").')),
    '# durable = "s3://my-bucket/runs"',
    ...comment(l10n.t('Time to save after a stop was asked for.')),
    '# grace = "30s"',
    '',
    '# [checkpoint]',
    ...comment(l10n.t('How many of the newest checkpoints a clean-up keeps.')),
    '# keep_last_n = 10',
    '',
    ...comment(l10n.t('Machines you reach by SSH; a run profile names one with `machine = "lab"`.')),
    '# [machines.lab]',
    '# host = "gpu.example.org"',
    '# user = "me"',
    '',
    '# [costs]',
    ...comment(l10n.t('Dollars; a warning comes before the limit.')),
    '# monthly_budget = 50',
    '',
  ].join('\n');
}

// What would run nothing is left to the user to switch on.
function profile(line: string, script: string | null): string[] {
  return [script === null ? `# ${line}` : line];
}

// A blank within one text looks like a command line; a list is clear.
function commandText(script: string): string {
  const text = JSON.stringify(script);
  return /\s/.test(script) ? `[${text}]` : text;
}

// A translation may hold a line break; it must not leave the comment.
function comment(...lines: readonly string[]): string[] {
  return lines.flatMap((line) => line.split(/\r?\n/)).map((line) => `# ${line}`);
}
