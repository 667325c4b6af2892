import type { PageCommand, PageMessage, PageRequest, Selection } from './messages.ts';

/** Commands the page may run; whatever else it asks for is refused. */
export const PAGE_COMMANDS: ReadonlySet<string> = new Set<PageCommand>([
  'runctl.launch',
  'runctl.refresh',
  'runctl.resumeRun',
  'runctl.showLog',
  'runctl.showRunDetails',
  'runctl.stopRun',
]);

const MAX_NAMES = 100;
const MAX_TEXT = 500;

/**
 * Checks what a page sent: it may be an older page, or not be ours.
 *
 * @param value - anything
 * @returns the message, or `undefined` when it is none
 */
export function asPageMessage(value: unknown): PageMessage | undefined {
  if (!isRecord(value)) {
    return undefined;
  }
  if (value['kind'] === 'ready') {
    return { kind: 'ready', selection: asSelection(value['selection']) };
  }
  const { id } = value;
  const request = asRequest(value['request']);
  return value['kind'] === 'request' && Number.isSafeInteger(id) && request !== undefined
    ? { kind: 'request', id: Number(id), request }
    : undefined;
}

/**
 * Reads the page's choice, also from what VS Code kept over a reload.
 *
 * @param value - anything
 * @returns the choice; what cannot be read is left to the host
 */
export function asSelection(value: unknown): Selection {
  const record = isRecord(value) ? value : {};
  return { runIds: asNames(record['runIds']), series: asNames(record['series']) };
}

function asRequest(value: unknown): PageRequest | undefined {
  if (!isRecord(value)) {
    return undefined;
  }
  if (value['name'] === 'select') {
    return { name: 'select', ...asSelection(value) };
  }
  const { command, runId } = value;
  if (value['name'] !== 'command' || !isPageCommand(command)) {
    return undefined;
  }
  if (runId === null) {
    return { name: 'command', command, runId };
  }
  return isName(runId) ? { name: 'command', command, runId } : undefined;
}

function asNames(value: unknown): string[] | null {
  return Array.isArray(value) && value.length <= MAX_NAMES && value.every(isName) ? value : null;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT;
}

function isPageCommand(value: unknown): value is PageCommand {
  return typeof value === 'string' && PAGE_COMMANDS.has(value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
