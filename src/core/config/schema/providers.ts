import * as l10n from '@vscode/l10n';
import * as z from 'zod';
import { dollars, hostText, text, unset } from './fields.ts';

/** `[local]`: runs on this machine. */
export const localSchema = z.strictObject({
  default_device: z
    .string()
    .regex(/^(auto|cpu|mps|cuda(:\d+)?)$/, {
      error: () => l10n.t('Use "auto", "cpu", "mps", "cuda" or "cuda:0"'),
    })
    .default('auto')
    .meta({
      description: l10n.t('Device given to the run as RUNCTL_DEVICE.'),
      examples: ['auto', 'cpu', 'cuda', 'cuda:0', 'mps'],
    }),
  checkpoint_dir: unset(text()).describe(
    l10n.t('Checkpoint directory of local runs. Unset means `[checkpoint] dir`.'),
  ),
});

/** `[aws]`: EC2 machines and S3 storage. Credentials come from the AWS profile. */
export const awsSchema = z.strictObject({
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, { error: () => l10n.t('Not an AWS region name') })
    .default('us-east-1')
    .meta({
      description: l10n.t('Region for new machines.'),
      examples: ['us-east-1', 'us-west-2', 'eu-central-1', 'eu-west-1', 'ap-northeast-1'],
    }),
  default_instance_type: z
    .string()
    .regex(/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/, {
      error: () => l10n.t('Not an instance type; they look like "g5.xlarge"'),
    })
    .default('t3.medium')
    .meta({
      description: l10n.t('Instance type offered first.'),
      examples: ['t3.medium', 'g4dn.xlarge', 'g5.xlarge', 'g6.xlarge', 'p4d.24xlarge'],
    }),
  default_ami: unset(
    z.string().regex(/^ami-[0-9a-f]{8,17}$/, { error: () => l10n.t('Not an image id (ami-…)') }),
  ).describe(l10n.t('Machine image. Unset means the newest fitting image of the region.')),
  use_spot: z
    .boolean()
    .default(false)
    .describe(l10n.t('Offer spot machines first: cheaper, and can be taken away.')),
  spot_max_price: unset(dollars()).describe(
    l10n.t('Highest spot price, in dollars an hour. Unset means the on-demand price.'),
  ),
  iam_instance_profile: unset(text()).describe(
    l10n.t('IAM instance profile of new machines.'),
  ),
  s3_bucket: unset(
    z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, {
      error: () => l10n.t('Not a bucket name (3 to 63 of a-z, 0-9, . and -)'),
    }),
  ).describe(l10n.t('Bucket for checkpoints and logs that outlive a machine.')),
  default_project_name: unset(projectName()).describe(
    l10n.t('Project tag of new machines. Unset means `[project] name`.'),
  ),
  user_id: unset(text()).describe(
    l10n.t('User tag of new machines. Unset means the name of the logged-in user.'),
  ),
});

/** `[runpod]`: pods. */
export const runpodSchema = z.strictObject({
  default_gpu: text()
    .default('NVIDIA GeForce RTX 4080 SUPER')
    .meta({
      description: l10n.t('GPU type offered first, as RunPod names it.'),
      examples: ['NVIDIA GeForce RTX 4090', 'NVIDIA A100 80GB PCIe', 'NVIDIA H100 80GB HBM3'],
    }),
  default_disk_gb: z
    .int()
    .min(1)
    .max(16_384)
    .default(30)
    .describe(l10n.t('Size of the container disk, in GB. Its content is lost on stop.')),
  default_image: text()
    .default('runpod/pytorch:2.1.0-py3.10-cuda11.8.0-devel-ubuntu22.04')
    .describe(l10n.t('Container image of new pods.')),
});

/** `[lyceum]`: virtual machines of Lyceum AI. */
export const lyceumSchema = z.strictObject({
  default_gpu: text()
    .default('l40s')
    .meta({
      description: l10n.t('Hardware profile offered first.'),
      examples: ['l40s', 'a100', 'h100', 'h200', 'b200', 'b300'],
    }),
  gpu_count: z
    .literal([1, 2, 4, 8])
    .default(1)
    .describe(l10n.t('How many GPUs a new machine has.')),
  use_spot: z
    .boolean()
    .default(false)
    .describe(l10n.t('Offer spot machines first: cheaper, and can be taken away.')),
  ssh_user: hostText().default('lyceum').describe(l10n.t('User to log in as.')),
});

/**
 * A name that fits into tags and machine names.
 *
 * @returns the schema
 */
export function projectName(): z.ZodString {
  return z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/, {
    error: () => l10n.t('Use 1 to 64 letters, digits, -, _ and ., not starting with - or .'),
  });
}
