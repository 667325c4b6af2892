import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { checkCommands, strayCommands } from '../../../scripts/check-commands.ts';
import { COMMANDS } from '../../../src/ui/commands/ids.ts';

describe('The check of contributed commands', () => {
  const names = Object.keys(COMMANDS);
  const commands = Object.values(COMMANDS).map((command) => ({ command }));
  const source = names.map((name) => `registerCommand(COMMANDS.${name}, handler);`).join('\n');

  it('accepts a manifest and a source that agree, in each spelling of a registration', () => {
    assert.deepEqual(checkCommands({ contributes: { commands } }, [], [source]), []);
    const table = names.map((name) => `[COMMANDS.${name}]: handler,`).join('\n');
    assert.deepEqual(checkCommands({ contributes: { commands } }, [], [table]), []);
    const pairs = names.map((name) => `[COMMANDS.${name}, handler],`).join('\n');
    assert.deepEqual(checkCommands({ contributes: { commands } }, [], [pairs]), []);
  });

  it('finds a command that is only executed, never registered', () => {
    const executed = source.replace('registerCommand(COMMANDS.launch,', 'execute(COMMANDS.launch,');
    const problems = checkCommands({ contributes: { commands } }, [], [executed]);
    assert.deepEqual(problems, [`${COMMANDS.launch} is contributed but no source registers it`]);
  });

  it('finds a registration that is not contributed', () => {
    const more = `${source}\nregisterCommand('runctl.secretDoor', handler);`;
    const problems = checkCommands({ contributes: { commands } }, [], [more]);
    assert.deepEqual(problems, ['runctl.secretDoor is registered but not contributed']);
  });

  it('finds menus, key bindings and links that lead nowhere, but allows view focus', () => {
    const contributes = {
      commands,
      menus: { 'view/title': [{ command: 'runctl.a' }, {}] },
      keybindings: [{ command: 'runctl.b' }],
      views: { runctl: [{ id: 'runctl.runs' }] },
    };
    const links = '[Go](command:runctl.c) [See](command:runctl.runs.focus) onCommand:runctl.d';
    const problems = checkCommands({ contributes }, [links], [source]);
    assert.deepEqual(
      problems.map((problem) => problem.split(' ')[0]),
      ['runctl.a', 'runctl.b', 'runctl.c', 'runctl.d'],
    );
  });

  it('finds a command contributed twice', () => {
    const twice = [...commands, { command: COMMANDS.launch }];
    const problems = checkCommands({ contributes: { commands: twice } }, [], [source]);
    assert.deepEqual(problems, [`${COMMANDS.launch} is contributed twice`]);
  });

  it('finds what a button would run in vain, in each way to name it', () => {
    const uses = [
      "nextAction: { title: 'Go', command: 'runctl.nowhere' },",
      "const command = hard ? 'runctl.killRun' : 'runctl.endRun';",
      "export const DOCTOR_COMMAND = 'runctl.physician';",
      "await withRunLock(ledger, run, 'runctl.lengthenRun', action);",
      "await vscode.commands.executeCommand('vscode.opn', uri);",
      "const key = 'runctl.secretNames';",
    ];
    const stray = ['runctl.nowhere', 'runctl.endRun', 'runctl.physician', 'runctl.lengthenRun', 'vscode.opn'];
    assert.deepEqual(
      strayCommands([uses.join('\n')]),
      stray.map((id) => `${id} is run but nobody registers it`),
    );
  });

  it('finds none in the source', () => {
    const root = join(import.meta.dirname, '../../..');
    const sources = globSync('src/**/*.ts', { cwd: root }).map((path) => readFileSync(join(root, path), 'utf8'));
    assert.ok(sources.length > 100);
    assert.deepEqual(strayCommands(sources), []);
  });
});
