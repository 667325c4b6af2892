import { LocalCheckpointFiles } from '../../src/checkpoints/local-files.ts';
import { ProviderRegistry } from '../../src/providers/provider-registry.ts';
import type {
  Availability,
  CodePlacer,
  Machine,
  PathFetcher,
  ProviderListing,
  TrainingProvider,
} from '../../src/providers/training-provider.ts';
import type { RunStatus } from '../../src/remote/agent/agent-answers.ts';
import { AgentClient } from '../../src/remote/agent/agent-client.ts';
import type { ExecResult, RemoteProcess, RemoteShell } from '../../src/remote/remote-shell.ts';

const SOURCE = Buffer.from('the agent');

/** A way to a machine that exists in the test alone; the agent's client is the real one. */
export class ScriptedMachine implements RemoteShell {
  /** What the machine knows, by run. */
  readonly statuses = new Map<string, RunStatus>();
  /** Verbs asked for, with their arguments. */
  readonly asked: string[] = [];
  /** Answers a verb in place of the machine; `undefined` leaves it to the machine. */
  answer: (verb: string, id: string) => Promise<ExecResult | undefined> | undefined = () => undefined;
  readonly provider: ScriptedProvider = new ScriptedProvider(this);
  readonly registry = new ProviderRegistry();

  constructor() {
    this.registry.register(this.provider);
  }

  async exec(argv: readonly string[]): Promise<ExecResult> {
    const [verb = '', ...rest] = argv.slice(4);
    this.asked.push([verb, ...rest].join(' '));
    const given = await this.answer(verb, rest[0] ?? '');
    if (given !== undefined) return given;
    const known = verb === 'list' ? [...this.statuses.keys()] : verb === 'status' ? rest : rest.slice(0, 1);
    return lines(...known.map((id) => this.statuses.get(id) ?? { id, state: 'missing' }));
  }

  start(): Promise<RemoteProcess> {
    return Promise.reject(new Error('This machine runs nothing but the verbs of the agent'));
  }

  put(): Promise<void> {
    return Promise.resolve();
  }

  get(): Promise<Buffer> {
    return Promise.resolve(SOURCE);
  }
}

export class ScriptedProvider implements TrainingProvider {
  readonly id = 'local';
  readonly name = 'Local';
  readonly capabilities = { stop: false, spot: false, volumes: false, lease: false, tags: false };
  /** What the next listings do. */
  listing: () => Promise<ProviderListing> = () => Promise.resolve({ machines: [], resources: [] });
  /** How code gets there; its files are this host's unless a test says otherwise. */
  placer: CodePlacer | null = null;
  /** How its files come here; they are this host's unless a test says otherwise. */
  fetcher: PathFetcher | null = null;
  private readonly machine: ScriptedMachine;

  constructor(machine: ScriptedMachine) {
    this.machine = machine;
  }

  availability(): Promise<Availability> {
    return Promise.resolve({ available: true });
  }

  list(): Promise<ProviderListing> {
    return this.listing();
  }

  connect(id: string): Promise<Machine> {
    return Promise.resolve({
      provider: this.id,
      id,
      shell: this.machine,
      agent: new AgentClient(this.machine, { script: SOURCE, helper: SOURCE }, '/home/u/.runctl'),
      files: new LocalCheckpointFiles(),
      sameHost: false,
      placer: this.placer,
      fetcher: this.fetcher,
      probe: null,
    });
  }
}

/** An answer of the agent: one object a line. */
export function lines(...answers: readonly unknown[]): ExecResult {
  const text = answers.map((item) => `${JSON.stringify(item)}\n`).join('');
  return { code: 0, signal: null, stdout: Buffer.from(text), stderr: '' };
}

/** A refusal of the agent. */
export function refusal(code: string, run?: string): ExecResult {
  const error = { code, message: `it is ${code}`, ...(run === undefined ? {} : { run }) };
  return { ...lines({ error }), code: 3 };
}
