import { z } from 'zod';

/** The record a supervisor leaves at the end of a run. */
export const exitRecordSchema = z.object({
  code: z.number().int(),
  signal: z.number().int().nullable(),
  /** Seconds since the epoch, the machine's clock. */
  ended: z.number(),
  phase: z.enum(['setup', 'command']),
  /** Who ended it: `user`, `lease` or `idle`. */
  stop: z.string().nullable(),
  /** Why it never got to run, such as `cwd-missing`; `null` when it did. */
  reason: z.string().nullish(),
  /** Whether the kernel ended a process of it for want of memory. */
  oom: z.boolean().nullish(),
});

/** What the machine does after a run, and how far it got. */
export const afterSchema = z.object({
  /**
   * `waiting` for the run to end, `saving`, `calling` the webhook, `holding` the action back,
   * `acting`, `done`; `lost` when nobody is left to go on (a reboot).
   */
  state: z.enum(['waiting', 'saving', 'calling', 'holding', 'acting', 'done', 'lost']),
  /** What saved it: `aws`, `s5cmd`, `rclone` or `python3`; `null` before and when nothing could. */
  by: z.string().nullish(),
  /** What is in the durable place, a directory as one; empty unless all of it is there. */
  saved: z.array(z.object({ name: z.string(), bytes: z.number() })),
  /** `s3://bucket/prefix/ID`; `null` before the saving has ended. */
  place: z.string().nullish(),
  /** Why nothing was saved, or what had to be left out; English, without secrets. */
  error: z.string().nullish(),
  webhook: z.enum(['sent', 'failed']).nullish(),
  /** Seconds for which the action is still held back. */
  left: z.number().nullish(),
  /** How often the action has failed; it is tried again every minute. */
  tries: z.number().int(),
});

/** How far the machine got with what it does after a run. */
export type AfterStatus = z.infer<typeof afterSchema>;

/** One line of `status`, `start` and `stop`. */
export const runStatusSchema = z.object({
  id: z.string(),
  /** `elsewhere`: another machine, with which this one shares its home, looks after it. */
  state: z.enum(['starting', 'running', 'stopping', 'ended', 'lost', 'elsewhere', 'missing']),
  pid: z.number().int().nullish(),
  /** Seconds since the epoch, the machine's clock. */
  started: z.number().nullish(),
  exit: exitRecordSchema.nullish(),
  beat: z.number().nullish(),
  /** Bytes in the log. */
  log: z.number().nullish(),
  logid: z.string().nullish(),
  cwd: z.string().nullish(),
  /** What a starting run is at. */
  phase: z.string().nullish(),
  /** Processes an ended or lost run left behind. */
  orphans: z.number().int().nullish(),
  evidence: z
    .object({
      boot: z.enum(['same', 'changed']).nullish(),
      oom: z.boolean().nullish(),
      lastbeat: z.number().nullish(),
      child: z.enum(['alive', 'dead']).nullish(),
      /** What the agent's own shells complained of, its end. */
      complaint: z.string().nullish(),
    })
    .nullish(),
  /** Name of the machine that started it. */
  host: z.string().nullish(),
  /** Seconds left until the machine ends it, and from its start to then. */
  lease: z.object({ left: z.number(), total: z.number().nullable() }).nullish(),
  /** `null` when nothing is to be done after it, or an older agent started it. */
  after: afterSchema.nullish(),
  existing: z.boolean().optional(),
  /** It never starts: only ever with state `missing`. */
  forbidden: z.boolean().optional(),
  /** The machine's `run.json`, in `list` only. */
  run: z.unknown().optional(),
});

/** What the agent knows of one run. */
export type RunStatus = z.infer<typeof runStatusSchema>;

/** The answer of `ids`. */
export const idsSchema = z.object({ ids: z.array(z.string()) });

/** A refusal or failure of a verb. */
export const agentErrorSchema = z.object({
  error: z.object({ code: z.string(), message: z.string(), run: z.string().optional() }),
});

const nullableNumber = z.number().nullish().transform((value) => value ?? null);

/** The answer of `facts`. */
export const factsSchema = z.object({
  os: z.string(),
  arch: z.string(),
  hostname: z.string(),
  cpus: nullableNumber,
  load: z.array(z.number()).nullish().transform((value) => value ?? []),
  cpuTicks: z.object({ busy: z.number(), total: z.number() }).nullish(),
  memory: z
    .object({ total: z.number(), available: z.number() })
    .nullish()
    .transform((value) => value ?? null),
  disks: z.array(z.object({ path: z.string(), total: z.number(), available: z.number() })),
  gpus: z
    .array(
      z.object({
        index: z.number(),
        name: z.string(),
        uuid: z.string().nullish(),
        utilization: nullableNumber,
        memoryUsed: nullableNumber,
        memoryTotal: nullableNumber,
        temperature: nullableNumber,
        power: nullableNumber,
      }),
    )
    .nullish()
    .transform((value) => value ?? null),
  gpuError: z.string().nullish(),
  gpuProcesses: z
    .array(z.object({ gpu: z.string(), pid: z.number(), memory: nullableNumber }))
    .nullish()
    .transform((value) => value ?? []),
  processes: z.array(
    z.object({
      pid: z.number(),
      user: z.string().nullish(),
      cpu: nullableNumber,
      rss: nullableNumber,
      command: z.string(),
      run: z.string().nullish(),
    }),
  ),
});

/** Facts as the agent writes them. */
export type AgentFacts = z.infer<typeof factsSchema>;

/** The answer of `version`. */
export const versionSchema = z.object({
  agent: z.number(),
  home: z.string(),
  /** How runs are made to outlive the connection; `none`: they cannot be started. */
  detach: z.string(),
  boot: z.string(),
  host: z.string(),
  /** Seconds since the epoch, the machine's clock. */
  epoch: z.number(),
  /** Seconds since its boot. */
  uptime: z.number(),
});

/** The agent on a machine, and how it works there. */
export type AgentVersion = z.infer<typeof versionSchema>;
