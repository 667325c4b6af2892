import type { App } from '../app.ts';
import { COMMANDS } from '../commands/ids.ts';
import type { CommandTable } from '../commands/register.ts';

type TransferCommands = Pick<
  CommandTable,
  | typeof COMMANDS.downloadFiles
  | typeof COMMANDS.downloadRunFiles
  | typeof COMMANDS.uploadFiles
>;

/**
 * Copies between this computer and machines reached by SSH.
 *
 * @param app - the window's parts
 * @returns handlers by command id
 */
export function transferCommands(app: App): TransferCommands {
  const late = (): Promise<typeof import('./late-machines.ts')> => import('./late-machines.ts');
  return {
    [COMMANDS.downloadFiles]: async (argument) => (await late()).downloadFiles(app, argument),
    [COMMANDS.downloadRunFiles]: async (argument) => (await late()).downloadRunFiles(app, argument),
    [COMMANDS.uploadFiles]: async (argument, selected) =>
      (await late()).uploadFiles(app, argument, selected),
  };
}
