import { hostname } from 'node:os';
import * as l10n from '@vscode/l10n';
import { LocalCheckpointFiles } from '../../checkpoints/local-files.ts';
import { notFoundWithSuggestions } from '../../core/error-helpers.ts';
import { UnsupportedError } from '../../core/errors.ts';
import type { MicroDollarsPerHour } from '../../core/money.ts';
import type { AgentClient } from '../../remote/agent/agent-client.ts';
import type { LocalShell } from '../../remote/local-shell.ts';
import type { MachineFacts } from '../../resources/account-snapshot.ts';
import type { MachineFactsReader } from '../machine-facts.ts';
import type {
  Availability,
  Machine,
  ProviderCapabilities,
  ProviderListing,
  TrainingProvider,
} from '../training-provider.ts';
import type { LocalPlatform } from './local-platform.ts';

/** Id of the one machine this provider has. */
export const LOCAL_MACHINE = 'local';

/** What the local provider is built from. */
export interface LocalProviderParts {
  readonly platform: LocalPlatform;
  readonly shell: LocalShell;
  readonly agent: AgentClient;
  readonly facts: MachineFactsReader;
  /** Whose file systems to show; read at each listing. */
  readonly directories: () => readonly string[];
  /** The user's own price of this machine; read at each listing. */
  readonly rate: () => MicroDollarsPerHour;
}

/** The machine VS Code runs on, driven by the same agent as any other. */
export class LocalProvider implements TrainingProvider {
  readonly id = 'local';
  readonly name = l10n.t('Local');
  readonly capabilities: ProviderCapabilities = {
    stop: false,
    spot: false,
    volumes: false,
    lease: false,
    tags: false,
  };
  private readonly parts: LocalProviderParts;

  constructor(parts: LocalProviderParts) {
    this.parts = parts;
  }

  availability(): Promise<Availability> {
    return Promise.resolve(this.parts.platform.availability());
  }

  async list(signal: AbortSignal): Promise<ProviderListing> {
    const facts = await this.readFacts(signal);
    const machine = {
      provider: this.id,
      id: LOCAL_MACHINE,
      name: hostname(),
      state: 'running' as const,
      rate: this.parts.rate(),
      rateSource: l10n.t('your setting runctl.local.pricePerHour'),
      facts,
      problem: null,
      trouble: null,
    };
    return { machines: [machine], resources: [] };
  }

  async connect(machineId: string): Promise<Machine> {
    if (machineId !== LOCAL_MACHINE) {
      throw notFoundWithSuggestions(l10n.t('machine'), machineId, [LOCAL_MACHINE]);
    }
    const availability = await this.availability();
    if (!availability.available) {
      throw new UnsupportedError('no-posix-shell', availability.reason, {
        nextAction: availability.nextAction,
      });
    }
    return {
      provider: this.id,
      id: machineId,
      shell: this.parts.shell,
      agent: this.parts.agent,
      files: new LocalCheckpointFiles(),
      sameHost: true,
      placer: null,
      fetcher: null,
      probe: null,
    };
  }

  private async readFacts(signal: AbortSignal): Promise<MachineFacts | null> {
    if (!this.parts.platform.availability().available) {
      return null;
    }
    signal.throwIfAborted();
    return this.parts.facts.read(this.parts.directories());
  }
}
