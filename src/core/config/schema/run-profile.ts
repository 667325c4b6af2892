import * as l10n from '@vscode/l10n';
import * as z from 'zod';
import { WINDOW_PLACE } from '../../model/run-after.ts';
import { s3UriProblem } from '../../validation-cloud.ts';
import { argument, argv, duration, envName, text, texts, unset } from './fields.ts';

/** Where a run can be launched. */
export const PROVIDERS = ['local', 'ssh', 'aws', 'runpod', 'lyceum'] as const;

/** What stands for the path of the checkpoint in `resume_args`. */
export const CHECKPOINT_PLACEHOLDER = '{checkpoint}';

const SETUP_INPUTS = ['requirements.txt', 'pyproject.toml', 'uv.lock', 'environment.yml'];

// What every store, every tool and every shell takes as it is.
const KEY_PREFIX = /^(?:[A-Za-z0-9_=+@-][A-Za-z0-9_.=+@-]*(?:\/[A-Za-z0-9_=+@-][A-Za-z0-9_.=+@-]*)*\/?)?$/;

/** The best checkpoint by a metric. */
const keepBestSchema = z.strictObject({
  metric: text().meta({
    description: l10n.t('Name of the metric, as the log writes it.'),
    examples: ['loss', 'val_loss', 'accuracy'],
  }),
  mode: z
    .enum(['min', 'max'])
    .default('min')
    .describe(l10n.t('Whether the lowest or the highest value is the best.')),
});

/** `[runs.NAME]`: all that is needed to launch one kind of training. */
export const runProfileSchema = z.strictObject({
  command: argv().meta({
    description: l10n.t(
      'What to run: a script or program, or a list of program and arguments. No shell reads it. Python scripts run with uv when it is there.',
    ),
    examples: ['train.py'],
  }),
  args: z
    .array(argument())
    .default([])
    .describe(l10n.t('Arguments after the command, passed as they are.')),
  env: z
    .record(envName(), argument())
    .default({})
    .describe(l10n.t('Environment variables of the run. For secret values use `secrets`.')),
  cwd: text()
    .default('.')
    .describe(l10n.t('Directory to run in, relative to the workspace folder.')),
  checkpoint_dir: unset(text()).meta({
    description: l10n.t(
      'Directory the run writes checkpoints to, relative to `cwd`. Unset means `[checkpoint] dir`. The run finds it in RUNCTL_CHECKPOINT_DIR.',
    ),
    examples: ['checkpoints', 'outputs'],
  }),
  checkpoints: texts()
    .default([])
    .meta({
      description: l10n.t(
        'Globs of what counts as a checkpoint, relative to the checkpoint directory. Empty means the known kinds (pt, ckpt, safetensors, keras, Orbax and more).',
      ),
      examples: [['*.pt'], ['step_*/**']],
    }),
  metrics: unset(metricsPattern()).meta({
    description: l10n.t(
      'Regular expression (JavaScript) with named groups that finds metrics in a log line. The group `step` is the step, every other group a metric of its name. Unset means the known formats only.',
    ),
    examples: [String.raw`step (?<step>\d+).*loss (?<loss>[\d.]+)`],
  }),
  provider: unset(z.enum(PROVIDERS)).describe(
    l10n.t('Where to run. Unset means `ssh` when `machine` is set, else `local`.'),
  ),
  machine: unset(text()).describe(
    l10n.t('Machine to run on: a name under `[machines]`, or one of the provider.'),
  ),
  resume_args: z
    .array(argument())
    .default(['--resume', CHECKPOINT_PLACEHOLDER])
    .describe(
      l10n.t('Arguments added when resuming; {0} stands for its path.', CHECKPOINT_PLACEHOLDER),
    ),
  secrets: z
    .array(envName())
    .default([])
    .meta({
      description: l10n.t(
        'Names of secrets the run gets as environment variables. The values are asked for once and kept in the secret storage of VS Code.',
      ),
      examples: [['HF_TOKEN'], ['WANDB_API_KEY']],
    }),
  setup: unset(argv()).meta({
    description: l10n.t(
      'Step before the run, such as installing packages: a program, or a list of program and arguments. No shell reads it. Skipped while its inputs are unchanged.',
    ),
    examples: [['uv', 'sync'], ['pip', 'install', '-r', 'requirements.txt']],
  }),
  setup_inputs: texts()
    .default(SETUP_INPUTS)
    .describe(l10n.t('Files, relative to `cwd`, whose change makes `setup` run again.')),
  setup_outputs: texts()
    .default([])
    .meta({
      description: l10n.t(
        'Files and directories, relative to `cwd`, that `setup` makes. When one is gone, `setup` runs again although its inputs are unchanged.',
      ),
      examples: [['.venv'], ['data/tokenized']],
    }),
  grace: duration()
    .prefault('30s')
    .describe(l10n.t('Time between asking the run to stop (TERM) and ending it (KILL).')),
  shared_directory: z
    .boolean()
    .default(false)
    .describe(l10n.t('Whether another run may be active in the same directory.')),
  max_hours: unset(z.number().gt(0).max(8760)).describe(
    l10n.t(
      'Longest life in hours: of a rented machine (unset means `[costs] max_hours`), or of the run on one of yours (unset means no end).',
    ),
  ),
  idle_minutes: unset(z.number().min(1).max(525_600)).describe(
    l10n.t(
      'On a machine of yours: stop the run after so many minutes in which it used neither processor nor GPU. Unset means never.',
    ),
  ),
  after_run: z
    .enum(['terminate', 'stop', 'keep'])
    .default('terminate')
    .describe(l10n.t('What becomes of a rented machine when the run has ended.')),
  hold_on_failure: duration()
    .prefault('30m')
    .describe(l10n.t('How long a rented machine stays for a look after a failed run.')),
  webhook: unset(webhookUrl()).meta({
    description: l10n.t(
      'Address the machine calls when the run finishes, fails or is interrupted.',
    ),
    examples: ['https://example.org/hook'],
  }),
  durable: unset(durablePlace()).meta({
    description: l10n.t(
      'Where log, exit record and newest whole checkpoint go when the run has ended: a bucket, written by the machine, or `window`, downloaded to this computer while VS Code is open. Unset: only the log is copied here.',
    ),
    examples: ['s3://my-bucket/runs', WINDOW_PLACE],
  }),
  keep_last: unset(z.int().min(1)).describe(
    l10n.t('How many of the newest checkpoints a clean-up keeps. Unset: `keep_last_n`.'),
  ),
  keep_best: unset(keepBestSchema).describe(
    l10n.t('Metric by which a clean-up also keeps the best checkpoint.'),
  ),
  cache: unset(text()).meta({
    description: l10n.t(
      'Folder on the machine for models, data sets and packages; HF_HOME, TORCH_HOME and the caches of pip and uv point into it.',
    ),
    examples: ['~/.cache/runctl'],
  }),
});

function metricsPattern() {
  return z.string().superRefine((pattern, context) => {
    const message = regexFault(pattern);
    if (message !== undefined) {
      context.addIssue({ code: 'custom', message });
    }
  });
}

function regexFault(pattern: string): string | undefined {
  try {
    // On its own first, so that a fault's message shows what the user wrote.
    const { source } = new RegExp(pattern);
    // An empty alternative always matches, so that all group names are listed.
    const groups = new RegExp(`${source}|`).exec('')?.groups;
    return groups === undefined
      ? l10n.t('Name at least one group, such as (?<loss>[0-9.]+)')
      : undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function durablePlace() {
  return z.string().superRefine((place, context) => {
    const message = durableFault(place);
    if (message !== undefined) {
      context.addIssue({ code: 'custom', message });
    }
  });
}

function durableFault(place: string): string | undefined {
  if (place === WINDOW_PLACE) {
    return undefined;
  }
  if (!place.startsWith('s3://')) {
    return l10n.t('Write "s3://bucket/prefix" or "window"');
  }
  const reason = s3UriProblem(place);
  if (reason !== undefined) {
    return l10n.t('This names no bucket: {0}', reason);
  }
  return KEY_PREFIX.test(place.split('/').slice(3).join('/'))
    ? undefined
    : l10n.t('After the bucket, use letters, digits and - _ . = + @ between single slashes');
}

function webhookUrl() {
  return z.string().regex(/^(https:\/\/|http:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/])\S+$/, {
    error: () => l10n.t('Must be an https:// address'),
  });
}
