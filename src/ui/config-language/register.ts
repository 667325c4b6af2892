import * as vscode from 'vscode';
import { SystemClock } from '../../core/clock.ts';
import type { Clock } from '../../core/clock.ts';
import { userConfigPath } from '../../core/config/user-config-path.ts';
import { NULL_LOGGER, componentLogger } from '../../core/logger.ts';
import type { Logger } from '../../core/logger.ts';
import { COMPLETION_TRIGGERS, ConfigCompletionProvider } from './completion-provider.ts';
import { ConfigDiagnostics } from './diagnostics.ts';
import { ConfigFixProvider } from './fix-provider.ts';
import { ConfigHoverProvider } from './hover-provider.ts';
import { LaunchLensProvider } from './launch-lens-provider.ts';
import { configSelector } from './selector.ts';

/** What the language features need from the window. */
export interface ConfigLanguageDeps {
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/**
 * Registers what helps to write `.runctl.toml`: Problems, completion, hover,
 * quick fixes and "Launch" over each run profile. The schema is loaded with the
 * first file, not at activation.
 *
 * @param deps - clock and log
 * @returns takes all of it away
 */
export function registerConfigLanguage(deps: ConfigLanguageDeps = {}): vscode.Disposable {
  // Through a Uri, so that it compares equal to the path of a document on Windows too.
  const userFile = vscode.Uri.file(userConfigPath()).fsPath;
  const selector = configSelector(userFile);
  const diagnostics = new ConfigDiagnostics({
    selector,
    userFile,
    clock: deps.clock ?? new SystemClock(),
    logger: componentLogger(deps.logger ?? NULL_LOGGER, 'config'),
  });
  const lenses = new LaunchLensProvider();
  const { languages } = vscode;
  return vscode.Disposable.from(
    diagnostics,
    lenses,
    languages.registerCompletionItemProvider(
      selector,
      new ConfigCompletionProvider(),
      ...COMPLETION_TRIGGERS,
    ),
    languages.registerHoverProvider(selector, new ConfigHoverProvider()),
    languages.registerCodeActionsProvider(selector, new ConfigFixProvider(diagnostics), {
      providedCodeActionKinds: ConfigFixProvider.kinds,
    }),
    languages.registerCodeLensProvider(selector, lenses),
  );
}
