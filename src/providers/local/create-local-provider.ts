import type { Clock } from '../../core/clock.ts';
import type { MicroDollarsPerHour } from '../../core/money.ts';
import { AgentClient } from '../../remote/agent/agent-client.ts';
import { LocalShell } from '../../remote/local-shell.ts';
import { MachineFactsReader } from '../machine-facts.ts';
import type { LocalPlatform } from './local-platform.ts';
import { LocalProvider } from './local-provider.ts';

/** What the local provider is made from. */
export interface LocalProviderOptions {
  readonly agentSource: Buffer;
  readonly platform: LocalPlatform;
  readonly clock: Clock;
  readonly localRate: () => MicroDollarsPerHour;
  readonly directories: () => readonly string[];
}

/**
 * Puts the local provider together.
 *
 * @param options - see the fields
 * @returns the provider; nothing on the machine is touched yet
 */
export function createLocalProvider(options: LocalProviderOptions): LocalProvider {
  const { platform } = options;
  const shell = new LocalShell();
  const agent = new AgentClient(shell, options.agentSource, platform.agentHome);
  return new LocalProvider({
    platform,
    shell,
    agent,
    facts: new MachineFactsReader(agent, options.clock),
    directories: options.directories,
    rate: options.localRate,
  });
}
