import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMANDS } from '../src/ui/commands/ids.ts';
import { ROOT } from './lib/paths.ts';
import { VS_CODE_COMMANDS } from './lib/vs-code-commands.ts';

/** The parts of package.json that name commands. */
interface Manifest {
  contributes: {
    commands?: { command: string }[];
    menus?: Record<string, { command?: string }[]>;
    keybindings?: { command: string }[];
    views?: Record<string, { id: string }[]>;
  };
}

/**
 * Spellings that register a handler: `registerX(COMMANDS.a,`, `[COMMANDS.a]:` and
 * `[COMMANDS.a,`. A mere `executeCommand(COMMANDS.a)` is none of them.
 */
const REGISTERS =
  /(?:\bregister\w*\(\s*(?:\w+,\s*)?|\[)(?:COMMANDS\.(\w+)|'(runctl\.[\w.]+)')\s*(?:,|\]\s*:)/g;

/** A command named in welcome texts, walkthroughs and their completion events. */
const MENTIONS = /\b(?:onCommand|command):(runctl(?:\.\w+)+)/g;

/** A line that names what a button or a call runs, and an id on it. */
const RUNS = /\bcommand\b|COMMAND|executeCommand|withRunLock/;
const DOTTED_ID = /'((?:runctl|vscode|workbench|update|remote-\w+)(?:\.\w+)+)'/g;
/** Not in every VS Code: of the desktop, and of an extension. */
const DESKTOP_COMMANDS: readonly string[] = ['remote-wsl.reopenInWSL', 'update.checkForUpdate'];

/** Commands that errors, buttons and calls name, and nobody registers: their buttons would do nothing. */
export function strayCommands(sources: readonly string[]): string[] {
  const known = new Set([...Object.values(COMMANDS), ...VS_CODE_COMMANDS, ...DESKTOP_COMMANDS]);
  const lines = sources.flatMap((source) => source.split('\n')).filter((line) => RUNS.test(line));
  const used = lines.flatMap((line) => [...line.matchAll(DOTTED_ID)].flatMap((match) => match[1] ?? []));
  return without(used, known, 'is run but nobody registers it');
}

/** What is wrong between manifest, id constants and source; empty when all agrees. */
export function checkCommands(manifest: Manifest, texts: string[], sources: string[]): string[] {
  const { commands = [], menus = {}, keybindings = [], views = {} } = manifest.contributes;
  const contributed = new Set(commands.map((entry) => entry.command));
  const constants = new Set<string>(Object.values(COMMANDS));
  const registered = new Set(sources.flatMap(registeredIn));
  // VS Code itself adds a focus command for each view.
  const own = new Set(Object.values(views).flatMap((list) => list.map(({ id }) => `${id}.focus`)));
  const used = [
    ...Object.values(menus).flatMap((items) => items.flatMap((item) => item.command ?? [])),
    ...keybindings.map((entry) => entry.command),
    ...texts.flatMap((text) => [...text.matchAll(MENTIONS)].flatMap((match) => match[1] ?? [])),
  ];
  return [
    ...without(contributed, registered, 'is contributed but no source registers it'),
    ...without(registered, contributed, 'is registered but not contributed'),
    ...without(contributed, constants, 'is contributed but missing in ids.ts'),
    ...without(constants, contributed, 'is in ids.ts but not contributed'),
    ...without(used, new Set([...contributed, ...own]), 'is used in package.json but not contributed'),
    ...repeated(commands.map((entry) => entry.command)),
  ];
}

function registeredIn(source: string): string[] {
  const byName: Record<string, string | undefined> = COMMANDS;
  return [...source.matchAll(REGISTERS)].flatMap(([, name, id]) =>
    name === undefined ? (id ?? []) : (byName[name] ?? `COMMANDS.${name}`),
  );
}

function without(ids: Iterable<string>, known: ReadonlySet<string>, problem: string): string[] {
  return [...new Set(ids)].filter((id) => !known.has(id)).map((id) => `${id} ${problem}`);
}

function repeated(ids: string[]): string[] {
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  return twice.map((id) => `${id} is contributed twice`);
}

if (process.argv[1] === import.meta.filename) {
  const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
  const packageText = read('package.json');
  const texts = [packageText, ...globSync('package.nls*.json', { cwd: ROOT }).map(read)];
  const sources = globSync(['src/ui/**/*.ts', 'src/extension.ts'], { cwd: ROOT }).map(read);
  // JSON.parse gives any; the schema of a manifest is VS Code's and checked by vsce.
  const problems = checkCommands(JSON.parse(packageText) as Manifest, texts, sources);
  problems.push(...strayCommands(globSync('src/**/*.ts', { cwd: ROOT }).map(read)));
  for (const problem of problems) console.error(problem);
  console.log(`check-commands: ${problems.length} problems`);
  if (problems.length > 0) process.exitCode = 1;
}
