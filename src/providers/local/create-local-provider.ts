import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import { componentLogger } from '../../core/logger.ts';
import type { MicroDollarsPerHour } from '../../core/money.ts';
import { AgentClient } from '../../remote/agent/agent-client.ts';
import type { AgentSource } from '../../remote/agent/agent-script.ts';
import { LocalShell } from '../../remote/local-shell.ts';
import { MachineFactsReader } from '../machine-facts.ts';
import type { LocalPlatform } from './local-platform.ts';
import { LocalProvider } from './local-provider.ts';

/** What the local provider is made from. */
export interface LocalProviderOptions {
  readonly agentSource: AgentSource;
  readonly platform: LocalPlatform;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly localRate: () => MicroDollarsPerHour;
  readonly directories: () => readonly string[];
  /** This process's environment unless told. */
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Puts the local provider together.
 *
 * @param options - see the fields
 * @returns the provider; nothing on the machine is touched yet
 */
export function createLocalProvider(options: LocalProviderOptions): LocalProvider {
  const { platform } = options;
  const shell = new LocalShell(runsEnvironment(options.env ?? process.env));
  const logger = componentLogger(options.logger, 'agent');
  const agent = new AgentClient(shell, options.agentSource, platform.agentHome, logger);
  return new LocalProvider({
    platform,
    shell,
    agent,
    facts: new MachineFactsReader(agent, options.clock),
    directories: options.directories,
    rate: options.localRate,
  });
}

// What the editor says to its own processes would mislead a program a run starts.
function runsEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = Object.keys(env).filter((name) => !/^(VSCODE|ELECTRON)_/.test(name));
  return Object.fromEntries(names.map((name) => [name, env[name]]));
}
