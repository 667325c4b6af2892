import type { App } from '../app.ts';
import { COMMANDS } from '../commands/ids.ts';
import type { CommandTable } from '../commands/register.ts';

type MachineKeys = Pick<
  CommandTable,
  | typeof COMMANDS.copyPublicKey
  | typeof COMMANDS.installKey
  | typeof COMMANDS.removeKey
  | typeof COMMANDS.removeKeyFile
  | typeof COMMANDS.forgetPassphrases
>;

/**
 * Commands about the keys that machines are logged in to with.
 *
 * @param app - the window's parts
 * @returns handlers by command id
 */
export function machineKeys(app: App): MachineKeys {
  const late = (): Promise<typeof import('./late-machines.ts')> => import('./late-machines.ts');
  return {
    [COMMANDS.copyPublicKey]: async () => (await late()).copyPublicKey(app),
    [COMMANDS.installKey]: async (argument) => (await late()).installKey(app, argument),
    [COMMANDS.removeKey]: async (argument) => (await late()).removeKey(app, argument),
    [COMMANDS.removeKeyFile]: async () => (await late()).removeOwnKeyFile(app),
    [COMMANDS.forgetPassphrases]: async () => (await late()).forgetPassphrases(app),
  };
}
