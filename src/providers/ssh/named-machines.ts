import type { LoadedConfig } from '../../core/config/load.ts';
import type { SshMachine } from './ssh-machine.ts';
import { machineIdOf } from './ssh-target.ts';

/**
 * Lists the machines that a configuration names. What nobody wrote stays
 * unsaid, so that the SSH configuration decides it.
 *
 * @param loaded - configuration of a folder, or of the person alone
 * @returns machines in the order of the file; none while it has mistakes
 */
export function namedMachines(loaded: LoadedConfig): readonly SshMachine[] {
  const { config, originOf, files } = loaded;
  if (config === null) {
    return [];
  }
  const { ssh } = config;
  return Object.entries(config.machines).map(([name, machine]) => {
    const target = {
      host: machine.host,
      user: machine.user ?? ssh.user,
      port: machine.port ?? ssh.port,
    };
    return {
      id: machineIdOf(target),
      name,
      target,
      directory: machine.directory ?? ssh.directory,
      rate: machine.price_per_hour,
      connectTimeoutSeconds: ssh.connect_timeout,
      keepaliveSeconds: ssh.keepalive,
      namedIn: originOf(['machines', name]) === 'workspace' ? (files[0] ?? null) : null,
    };
  });
}
