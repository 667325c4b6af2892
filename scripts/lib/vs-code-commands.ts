/** Commands of VS Code itself that buttons and calls of ours run; looked for in the test of activation. */
export const VS_CODE_COMMANDS: readonly string[] = [
  'vscode.diff',
  'vscode.open',
  'vscode.openFolder',
  'workbench.action.openSettings',
  'workbench.action.reloadWindow',
  'workbench.trust.manage',
];
