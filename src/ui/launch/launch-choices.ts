import { dirname, extname } from 'node:path';
import * as vscode from 'vscode';
import { commandText } from '../../core/command-text.ts';
import type { ResolvedProfile } from '../../core/config/resolve-profile.ts';
import { CancelledError, UnsupportedError } from '../../core/errors.ts';
import type { Machine } from '../../providers/training-provider.ts';
import type { PythonChoice } from '../../training/command-line.ts';
import type { LaunchPlan } from '../../training/launch-plan.ts';
import type { DependencyRequest, RemotePython } from '../../training/remote-dependencies.ts';
import type { App } from '../app.ts';
import { settings } from '../settings.ts';
import { selectedInterpreter } from './workspace-python.ts';

/** Something a user can launch. */
export type LaunchChoice =
  | {
      readonly kind: 'profile';
      readonly folder: vscode.Uri;
      readonly profile: string;
      /** What it runs, for the list. */
      readonly command: string;
    }
  | { readonly kind: 'script'; readonly script: vscode.Uri }
  | {
      /** Its profiles cannot be told before it is mended. */
      readonly kind: 'mistake';
      readonly folder: vscode.Uri;
      readonly message: string;
    };

/** Where a choice runs. */
export interface LaunchPlace {
  readonly provider: string;
  readonly machine: string;
}

const MAX_SCRIPTS = 50;
const EXCLUDED = '**/{node_modules,.venv,venv,env,site-packages,__pycache__,.git}/**';

/**
 * Lists what can be launched from this window: the script in front first,
 * then profiles of every folder, then other scripts.
 *
 * @param app - the window's parts
 * @returns the choices
 */
export async function launchChoices(app: App): Promise<readonly LaunchChoice[]> {
  const profiles: LaunchChoice[] = [];
  for (const { uri } of vscode.workspace.workspaceFolders ?? []) {
    const { config, problems } = await app.configs.load(uri.fsPath);
    if (config === null) {
      const first = problems.find(({ severity }) => severity === 'error');
      profiles.push({ kind: 'mistake', folder: uri, message: first?.message ?? '' });
    }
    for (const [profile, { command, args }] of Object.entries(config?.runs ?? {})) {
      profiles.push({ kind: 'profile', folder: uri, profile, command: commandText([...command, ...args]) });
    }
  }
  const open = vscode.window.activeTextEditor?.document.uri;
  const front = open !== undefined && isScript(open) ? [scriptChoice(open)] : [];
  const files = await vscode.workspace.findFiles('**/*.py', EXCLUDED, MAX_SCRIPTS);
  const others = files
    .filter((uri) => uri.toString() !== open?.toString())
    .sort((left, right) => depth(left) - depth(right) || (left.path < right.path ? -1 : 1));
  return [...front, ...profiles, ...others.map(scriptChoice)];
}

/**
 * Turns a choice into a plan.
 *
 * @param app - the window's parts
 * @param choice - what to run
 * @param place - where to run it
 * @returns the plan
 */
export async function planChoice(
  app: App,
  choice: LaunchChoice,
  place: LaunchPlace,
): Promise<LaunchPlan> {
  switch (choice.kind) {
    case 'profile':
      return planOfProfile(app, choice.folder, choice.profile, place);
    case 'script':
      return planOfScript(app, choice.script, place);
    case 'mistake':
      await app.configs.require(choice.folder.fsPath);
      throw new CancelledError();
  }
}

/**
 * Tells where a profile asks to be run, when that is elsewhere.
 *
 * @param app - the window's parts
 * @param choice - what to run
 * @param place - where the person wants it
 * @returns the profile's own place, or `null` when it is the same or none
 */
export async function otherPlace(
  app: App,
  choice: LaunchChoice,
  place: LaunchPlace,
): Promise<LaunchPlace | null> {
  if (choice.kind !== 'profile') {
    return null;
  }
  const profile = await app.configs.profile(choice.folder.fsPath, choice.profile);
  const own = await placeOf(app, choice.folder, profile);
  const isSame = own.provider === place.provider && (own.machine === place.machine || own.machine === '');
  return isSame ? null : own;
}

/**
 * Plans the run of a profile.
 *
 * @param app - the window's parts
 * @param folder - its workspace folder
 * @param name - of the profile
 * @param place - where to run it; where the profile says unless told
 * @returns the plan
 */
export async function planOfProfile(
  app: App,
  folder: vscode.Uri,
  name: string,
  place?: LaunchPlace,
): Promise<LaunchPlan> {
  const wanted = await app.configs.profile(folder.fsPath, name);
  const at = place ?? (await placeOf(app, folder, wanted));
  const machine = await ready(app, at);
  const home = machine.probe?.home;
  const profile = await app.configs.profile(folder.fsPath, name, home);
  const { planProfile, setupKey } = await import('../late.ts');
  const { argv: command, directory } = profile;
  const needs = { command, directory, source: folder.fsPath, setup: profile.setup };
  const { python, setup, setupInputs, setupOutputs, env } = await pythonOn(machine, needs);
  const inputs = [...profile.setupInputs, ...setupInputs];
  const outputs = [...profile.setupOutputs, ...setupOutputs];
  return planProfile(
    { ...profile, setup, setupOutputs: outputs, env: { ...env, ...profile.env } },
    {
      ...at,
      workspaceFolder: folder.fsPath,
      python,
      setupKey: setup.length === 0 ? null : await setupKey(setup, directory, inputs),
    },
  );
}

/**
 * Plans the run of one script on this machine.
 *
 * @param app - the window's parts
 * @param script - the file
 * @param place - where to run it
 * @returns the plan
 */
export async function planOfScript(
  app: App,
  script: vscode.Uri,
  place: LaunchPlace,
): Promise<LaunchPlan> {
  const machine = await ready(app, place);
  const folder = vscode.workspace.getWorkspaceFolder(script)?.uri.fsPath ?? null;
  const directory = dirname(script.fsPath);
  const { planScript, commandLine, setupKey } = await import('../late.ts');
  const { local, checkpoint, sync } = await app.configs.require(folder);
  const command = [script.fsPath];
  const needs = { command, directory, source: folder ?? directory, setup: [] };
  const { python, setup, setupInputs, setupOutputs, env } = await pythonOn(machine, needs);
  const checkpoints = machine.sameHost ? local.checkpoint_dir : null;
  const plan = planScript({
    script: script.fsPath,
    directory,
    workspaceFolder: folder,
    argv: commandLine(command, python),
    checkpointDirectory: checkpoints ?? checkpoint.dir,
    device: local.default_device,
    exclude: sync.exclude,
    ...place,
  });
  const key = setup.length === 0 ? null : await setupKey(setup, directory, setupInputs);
  const { spec } = plan;
  return { ...plan, spec: { ...spec, setup, setupKey: key, setupOutputs, env: { ...env, ...spec.env } } };
}

async function placeOf(
  app: App,
  folder: vscode.Uri,
  { provider, machine }: ResolvedProfile,
): Promise<LaunchPlace> {
  const isNamed = provider === 'ssh' && machine !== null;
  const id = isNamed ? await app.configs.machineId(folder.fsPath, machine) : machine;
  return { provider, machine: id ?? '' };
}

// Whatever the person must be asked is asked before anything is planned.
async function ready(app: App, { provider, machine }: LaunchPlace): Promise<Machine> {
  await requireProvider(app, provider);
  const { registry, ssh } = await app.engine();
  if (provider === ssh?.id) {
    const { connectMachine } = await import('../machines/connect.ts');
    return connectMachine(app, machine);
  }
  return registry.get(provider).connect(machine);
}

async function pythonOn(machine: Machine, needs: DependencyRequest): Promise<RemotePython> {
  if (machine.probe === null) {
    const python = await pythonOf(needs.source);
    return { python, setup: needs.setup, setupInputs: [], setupOutputs: [], env: {} };
  }
  const { remotePython } = await import('../late.ts');
  return remotePython(needs, machine.probe);
}

async function requireProvider(app: App, id: string): Promise<void> {
  const { registry } = await app.engine();
  const availability = await registry.get(id).availability();
  if (!availability.available) {
    throw new UnsupportedError('provider-unavailable', availability.reason, {
      nextAction: availability.nextAction,
    });
  }
}

async function pythonOf(folder: string): Promise<PythonChoice> {
  const { findPython, localPlatform } = await import('../late.ts');
  const platform = localPlatform();
  const configured = settings.localPython();
  return findPython({
    env: process.env,
    folder,
    configured: configured === '' ? null : configured,
    selected: await selectedInterpreter(vscode.Uri.file(folder)),
    venvPython: platform.venvPython,
    fallback: platform.python,
  });
}

function scriptChoice(script: vscode.Uri): LaunchChoice {
  return { kind: 'script', script };
}

function isScript(uri: vscode.Uri): boolean {
  return uri.scheme === 'file' && extname(uri.fsPath) === '.py';
}

function depth(uri: vscode.Uri): number {
  return uri.path.split('/').length;
}
