import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import * as vscode from 'vscode';
import { VS_CODE_COMMANDS } from '../../scripts/lib/vs-code-commands.ts';

/** The part of our package.json that these tests read. */
interface Manifest {
  contributes?: { commands?: { command: string }[] };
}

describe('The packaged extension', () => {
  it('is installed and activates', async () => {
    const extension = vscode.extensions.getExtension('runctl.runctl');
    assert.ok(extension, 'not installed');
    assert.match(extension.extensionPath, /extensions\/runctl\.runctl-\d/);
    await extension.activate();
    assert.equal(extension.isActive, true);
  });

  it('runs where the workspace is, with SQLite in Node', async () => {
    const extension = vscode.extensions.getExtension('runctl.runctl');
    assert.equal(extension?.extensionKind, vscode.ExtensionKind.Workspace);
    const { DatabaseSync } = await import('node:sqlite');
    assert.equal(typeof DatabaseSync, 'function');
  });

  it('has a handler for every command it contributes', async () => {
    const extension = vscode.extensions.getExtension('runctl.runctl');
    await extension?.activate();
    // VS Code hands package.json out untyped.
    const manifest = extension?.packageJSON as Manifest;
    const contributed = manifest.contributes?.commands?.map((entry) => entry.command) ?? [];
    assert.ok(contributed.length > 0);
    const handled = new Set(await vscode.commands.getCommands(true));
    assert.deepEqual(
      contributed.filter((id) => !handled.has(id)),
      [],
    );
    // Buttons of messages run these.
    assert.deepEqual(VS_CODE_COMMANDS.filter((id) => !handled.has(id)), []);
  });
});
