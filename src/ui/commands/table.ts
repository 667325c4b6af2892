import type { App } from '../app.ts';
import { machineCommands } from '../machines/machine-commands.ts';
import { machineKeys } from '../machines/machine-keys.ts';
import { machineTools } from '../machines/machine-tools.ts';
import { transferCommands } from '../machines/transfer-commands.ts';
import { checkpointCommands } from './checkpoint-commands.ts';
import { launchCommands } from './launch-commands.ts';
import { logCommands } from './log-commands.ts';
import type { CommandTable } from './register.ts';
import { runCommands } from './run-commands.ts';
import { windowCommands } from './window-commands.ts';

/**
 * Puts the handlers of all topics together.
 *
 * @param app - the window's parts
 * @returns one handler for every command
 */
export function allCommands(app: App): CommandTable {
  return {
    ...launchCommands(app),
    ...runCommands(app),
    ...logCommands(app),
    ...checkpointCommands(app),
    ...windowCommands(app),
    ...machineCommands(app),
    ...machineTools(app),
    ...machineKeys(app),
    ...transferCommands(app),
  };
}
