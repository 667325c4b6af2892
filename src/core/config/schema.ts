import * as l10n from '@vscode/l10n';
import * as z from 'zod';
import { name } from './schema/fields.ts';
import { awsSchema, localSchema, lyceumSchema, runpodSchema } from './schema/providers.ts';
import { runProfileSchema } from './schema/run-profile.ts';
import {
  checkpointSchema,
  costsSchema,
  dockerSchema,
  machineSchema,
  monitoringSchema,
  projectSchema,
  sshSchema,
  syncSchema,
} from './schema/sections.ts';

/**
 * The whole of `.runctl.toml`. Unknown keys are errors; every key but a run's
 * `command` and a machine's `host` has a default. Descriptions are translated
 * when this module is loaded, so load it after the translations are set up
 * (it is heavy: `await import()` on first use does both).
 */
export const configSchema = z.strictObject({
  project: projectSchema.prefault({}).describe(l10n.t('The project as a whole.')),
  runs: z
    .record(name(), runProfileSchema)
    .default({})
    .describe(l10n.t('Run profiles: one `[runs.NAME]` for each kind of training.')),
  checkpoint: checkpointSchema.prefault({}).describe(l10n.t('Checkpoints of all runs.')),
  monitoring: monitoringSchema.prefault({}).describe(l10n.t('How runs are watched.')),
  sync: syncSchema.prefault({}).describe(l10n.t('Which files are sent to a machine.')),
  costs: costsSchema.prefault({}).describe(l10n.t('Budgets and limits, in dollars.')),
  local: localSchema.prefault({}).describe(l10n.t('Runs on this machine.')),
  ssh: sshSchema.prefault({}).describe(l10n.t('What holds for all `[machines]`.')),
  machines: z
    .record(name(), machineSchema)
    .default({})
    .describe(l10n.t('Machines reached by SSH: one `[machines.NAME]` for each.')),
  aws: awsSchema
    .prefault({})
    .describe(l10n.t('Amazon EC2 and S3. Credentials come from your AWS profile.')),
  runpod: runpodSchema
    .prefault({})
    .describe(l10n.t('RunPod. The API key is kept in the secret storage of VS Code.')),
  lyceum: lyceumSchema
    .prefault({})
    .describe(l10n.t('Lyceum AI. The API key is kept in the secret storage of VS Code.')),
  docker: dockerSchema.prefault({}).describe(l10n.t('Training in a container.')),
});

/** A valid configuration with all defaults filled in. */
export type RunctlConfig = z.output<typeof configSchema>;

/** One `[runs.NAME]` with all defaults filled in. */
export type RunProfileConfig = RunctlConfig['runs'][string];

/** One `[machines.NAME]` with all defaults filled in. */
export type MachineConfig = RunctlConfig['machines'][string];

/**
 * The configuration of somebody who has no file at all.
 *
 * @returns a fresh copy
 */
export function defaultConfig(): RunctlConfig {
  return configSchema.parse({});
}
