import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { RunError } from '../../core/errors.ts';
import type { Run } from '../../core/model/run.ts';
import type { App } from '../app.ts';
import { showLogTerminal } from '../logs/log-terminal.ts';
import { openLog } from '../logs/open-log.ts';
import { COMMANDS } from './ids.ts';
import { pickRun } from './pick-run.ts';
import type { CommandTable } from './register.ts';

type LogCommands = Pick<
  CommandTable,
  | typeof COMMANDS.showLog
  | typeof COMMANDS.openFullLog
  | typeof COMMANDS.copyLogPath
  | typeof COMMANDS.showLogInTerminal
>;

/**
 * Ways to read a run's log.
 *
 * @param app - the window's parts
 * @returns handlers by command id
 */
export function logCommands(app: App): LogCommands {
  return {
    [COMMANDS.showLog]: async (argument) => {
      app.channels.show(await pick(app, argument), true);
    },
    [COMMANDS.openFullLog]: async (argument) => {
      await openLog(await pick(app, argument));
    },
    [COMMANDS.copyLogPath]: async (argument) => {
      // The file itself has what the views mask.
      await vscode.env.clipboard.writeText((await pick(app, argument)).logPath);
    },
    [COMMANDS.showLogInTerminal]: async (argument) => {
      showLogTerminal(await pick(app, argument), app);
    },
  };
}

async function pick(app: App, argument: unknown): Promise<Run & { readonly logPath: string }> {
  const engine = await app.engine();
  const { run } = await pickRun(argument, engine.inventory.snapshot(), {
    title: l10n.t('Show the log of which run?'),
    accepts: (view) => view.run.logPath !== null,
    none: l10n.t('There is no run with a log yet'),
  });
  const { logPath } = run;
  if (logPath === null) {
    throw new RunError('no-log', l10n.t('The log of this run is not on this computer yet'));
  }
  return { ...run, logPath };
}
