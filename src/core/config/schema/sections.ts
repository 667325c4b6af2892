import * as l10n from '@vscode/l10n';
import * as z from 'zod';
import { dollars, duration, hostText, port, text, texts, unset } from './fields.ts';
import { projectName } from './providers.ts';

const FULL_BUDGET_PERCENT = 100;

/** `[project]`. */
export const projectSchema = z.strictObject({
  name: unset(projectName()).describe(
    l10n.t('Name of the project in lists and tags. Unset means the name of the folder.'),
  ),
});

/** `[ssh]`: what holds for all machines unless they say otherwise. */
export const sshSchema = z.strictObject({
  user: unset(hostText()).describe(
    l10n.t('User to log in as. Unset means the SSH configuration, else your own name.'),
  ),
  port: unset(port()).describe(
    l10n.t('Port of the SSH server. Unset means the SSH configuration, else 22.'),
  ),
  directory: text()
    .default('~/runctl')
    .describe(l10n.t('Directory on the machine that holds the code.')),
  connect_timeout: unset(duration()).describe(
    l10n.t('How long to wait for a connection. Unset means `ConnectTimeout` of the SSH configuration, else 20 s.'),
  ),
  keepalive: unset(duration()).describe(
    l10n.t('Time between signs of life on a quiet connection. Unset means `ServerAliveInterval` of the SSH configuration, else 15 s.'),
  ),
});

/** `[machines.NAME]`: one SSH machine. */
export const machineSchema = z.strictObject({
  host: hostText().meta({
    description: l10n.t('Host name, address, or a `Host` of your SSH configuration.'),
    examples: ['gpu.example.org'],
  }),
  user: unset(hostText()).describe(l10n.t('User to log in as. Unset means `[ssh] user`.')),
  port: unset(port()).describe(l10n.t('Port of the SSH server. Unset means `[ssh] port`, else the SSH configuration.')),
  directory: unset(text()).describe(
    l10n.t('Directory on the machine that holds the code. Unset means `[ssh] directory`.'),
  ),
  price_per_hour: unset(dollars()).describe(
    l10n.t('What an hour of this machine costs you, in dollars. Unset means unknown.'),
  ),
});

/** `[checkpoint]`. */
export const checkpointSchema = z.strictObject({
  dir: text()
    .default('checkpoints')
    .describe(l10n.t('Directory runs write checkpoints to, relative to their `cwd`.')),
  save_interval: z
    .int()
    .min(1)
    .default(5)
    .describe(l10n.t('Epochs between two checkpoints of your scripts; for display only.')),
  keep_last_n: z
    .int()
    .min(1)
    .default(10)
    .describe(l10n.t('How many of the newest checkpoints a clean-up keeps.')),
});

/** `[monitoring]`. */
export const monitoringSchema = z.strictObject({
  log_dir: text().default('logs').describe(l10n.t('Directory your scripts write logs to.')),
  update_interval_secs: z
    .int()
    .min(1)
    .max(3600)
    .default(10)
    .describe(l10n.t('Seconds between two looks at the machine of a run.')),
  enable_warnings: z
    .boolean()
    .default(true)
    .describe(l10n.t('Warn about full disks, idle GPUs and runs that stopped reporting.')),
});

/** `[docker]`. */
export const dockerSchema = z.strictObject({
  image: unset(text()).describe(l10n.t('Image to train in. Unset means no container.')),
  dockerfile: unset(text()).meta({
    description: l10n.t('Dockerfile to build the image from, relative to the folder.'),
    examples: ['Dockerfile', 'Dockerfile.train'],
  }),
  registry: unset(text()).describe(l10n.t('Registry and repository the image is pushed to.')),
  build_args: z
    .record(z.string(), z.string())
    .default({})
    .describe(l10n.t('Build arguments. They stay readable in the image: no secrets.')),
  cache_from: texts().default([]).describe(l10n.t('Images whose layers a build may reuse.')),
});

/** `[sync]`. */
export const syncSchema = z.strictObject({
  exclude: texts()
    .default([])
    .meta({
      description: l10n.t(
        'Patterns, as in .gitignore, of files that are not sent to a machine, beside those that git ignores.',
      ),
      examples: [['data/'], ['*.zip']],
    }),
});

/** `[costs]`: budgets, in dollars. */
export const costsSchema = z.strictObject({
  max_hours: unset(z.number().gt(0).max(8760)).describe(
    l10n.t('Longest life of a rented machine, in hours, when its run profile has none.'),
  ),
  max_per_hour: unset(dollars()).describe(
    l10n.t('A launch above this price an hour asks once more.'),
  ),
  daily_budget: unset(dollars()).describe(l10n.t('Most dollars a day. Unset means no limit.')),
  monthly_budget: unset(dollars()).describe(
    l10n.t('Most dollars a calendar month. Unset means no limit.'),
  ),
  warn_at_percent: z
    .int()
    .min(1)
    .max(FULL_BUDGET_PERCENT)
    .default(80)
    .describe(l10n.t('Share of a budget at which you are warned, in percent.')),
});
