import type { App } from '../app.ts';
import { COMMANDS } from '../commands/ids.ts';
import type { CommandTable } from '../commands/register.ts';

type MachineTools = Pick<
  CommandTable,
  | typeof COMMANDS.machineTerminal
  | typeof COMMANDS.forwardPort
  | typeof COMMANDS.showForwardedPorts
  | typeof COMMANDS.openRemoteSsh
  | typeof COMMANDS.doctor
>;

/**
 * What a person does on a machine reached by SSH by hand.
 *
 * @param app - the window's parts
 * @returns handlers by command id
 */
export function machineTools(app: App): MachineTools {
  const late = (): Promise<typeof import('./late-machines.ts')> => import('./late-machines.ts');
  return {
    [COMMANDS.machineTerminal]: async (argument) => (await late()).openMachineTerminal(app, argument),
    [COMMANDS.forwardPort]: async (argument) => (await late()).forwardPort(app, argument),
    [COMMANDS.showForwardedPorts]: async () => (await late()).showForwardedPorts(app),
    [COMMANDS.openRemoteSsh]: async (argument) => (await late()).openRemoteSsh(app, argument),
    [COMMANDS.doctor]: async (argument) => (await late()).checkMachine(app, argument),
  };
}
