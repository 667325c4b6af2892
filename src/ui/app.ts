import type * as vscode from 'vscode';
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import type { SecretMasker } from '../core/mask.ts';
import type { Engine } from '../engine.ts';
import type { WorkspaceConfigs } from './config/workspace-configs.ts';
import type { GeneratedDocuments } from './documents.ts';
import type { EngineHost } from './engine-host.ts';
import type { ErrorFunnel } from './error-funnel.ts';
import type { LogChannels } from './logs/log-channels.ts';
import type { SecretStore } from './secrets/secret-store.ts';
import type { RunFilter } from './tree/run-filter.ts';

/** The parts of the window's user interface that commands work with. */
export interface App {
  /** Starts on first use; the same engine from then on. */
  readonly engine: () => Promise<Engine>;
  readonly host: EngineHost;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly output: vscode.LogOutputChannel;
  readonly funnel: ErrorFunnel;
  readonly channels: LogChannels;
  readonly documents: GeneratedDocuments;
  readonly configs: WorkspaceConfigs;
  readonly secrets: SecretStore;
  readonly masker: SecretMasker;
  readonly filter: RunFilter;
  /** Shows more rows of a list. */
  readonly showMore: (parent: string, shown: number) => void;
  readonly context: vscode.ExtensionContext;
}
