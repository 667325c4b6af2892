import { basename, dirname } from 'node:path';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { CONFIG_FILE_NAME } from '../../core/config/file-name.ts';
import { ValidationError } from '../../core/errors.ts';
import { formatRate } from '../../core/format.ts';
import type { Engine } from '../../engine.ts';
import type { MachineView } from '../../resources/account-snapshot.ts';
import type { LaunchPlan } from '../../training/launch-plan.ts';
import type { App } from '../app.ts';
import type { PickRow, Step } from '../multi-step.ts';
import { multiStep } from '../multi-step.ts';
import { providerIcon } from '../tree/provider-icon.ts';
import { codeFacts } from './code-facts.ts';
import type { LaunchChoice } from './launch-choices.ts';
import { launchChoices, otherPlace, planChoice } from './launch-choices.ts';
import { summaryRows } from './launch-summary.ts';
import { reachOrTell } from './reach-machine.ts';

interface WizardState {
  provider: string | undefined;
  machine: MachineView | undefined;
  choice: LaunchChoice | undefined;
  plan: LaunchPlan | undefined;
}

const STEPS = 4;
/** Stands for a machine that has yet to be named. */
const NEW_MACHINE = 'new';

/**
 * Leads the user from nothing to a plan: provider, machine, what to run, and
 * a summary with what it costs.
 *
 * @param app - the window's parts
 * @returns the plan the user agreed to
 * @throws {CancelledError} when the user leaves
 */
export async function launchWizard(app: App): Promise<LaunchPlan> {
  const engine = await app.engine();
  const state: WizardState = {
    provider: undefined,
    machine: undefined,
    choice: undefined,
    plan: undefined,
  };
  await multiStep(l10n.t('Launch Training'), STEPS, state, pickProvider(app, engine));
  if (state.plan === undefined) {
    throw new ValidationError('plan', l10n.t('Nothing was chosen to run'));
  }
  return state.plan;
}

function pickProvider(app: App, engine: Engine): Step<WizardState> {
  return async (state, ui) => {
    state.provider = await ui.pick({
      placeholder: l10n.t('Where should it run?'),
      rows: providerRows(engine),
    });
    return pickMachine(app, engine);
  };
}

async function providerRows(engine: Engine): Promise<PickRow<string>[]> {
  const rows: PickRow<string>[] = [];
  for (const provider of engine.registry.all()) {
    const availability = await provider.availability();
    rows.push({
      value: provider.id,
      label: `$(${providerIcon(provider.id)}) ${provider.name}`,
      description: availability.available ? '' : l10n.t('not available here'),
      detail: availability.available ? describeProvider(provider.id) : availability.reason,
    });
  }
  return rows;
}

function describeProvider(id: string): string {
  switch (id) {
    case 'local':
      return l10n.t('This machine. Runs go on when the window is closed.');
    case 'ssh':
      return l10n.t('A machine you can log in to. Your code is sent there; runs go on without this window.');
    default:
      return '';
  }
}

function pickMachine(
  app: App,
  engine: Engine,
  next: Step<WizardState> = pickCommand(app, engine),
): Step<WizardState> {
  return async (state, ui) => {
    do {
      const picked = await ui.pick({
        placeholder: l10n.t('On which machine?'),
        rows: machineRows(engine, state.provider ?? ''),
      });
      state.machine =
        picked === NEW_MACHINE
          ? await newMachine(app)
          : await reachOrTell(app, picked.id, () => reached(app, picked));
    } while (state.machine === undefined);
    return next;
  };
}

// What must be asked of a machine is asked while the person thinks of it.
async function reached(app: App, machine: MachineView): Promise<MachineView> {
  if (machine.provider === 'ssh') {
    const { connectMachine } = await import('../machines/connect.ts');
    await connectMachine(app, machine.id);
  }
  return machine;
}

async function newMachine(app: App): Promise<MachineView | undefined> {
  const [{ askNewMachine }, { connectMachine, sshOf }] = await Promise.all([
    import('../machines/pick-machine.ts'),
    import('../machines/connect.ts'),
  ]);
  const id = await askNewMachine(app);
  const found = await reachOrTell(app, id, () => connectMachine(app, id));
  return found === undefined ? undefined : (await sshOf(app)).view(id);
}

async function machineRows(
  engine: Engine,
  provider: string,
): Promise<PickRow<MachineView | typeof NEW_MACHINE>[]> {
  const { machines } = await engine.registry.get(provider).list(AbortSignal.timeout(20_000));
  const rows: PickRow<MachineView | typeof NEW_MACHINE>[] = machines.map((machine) => ({
    value: machine,
    label: `$(vm) ${machine.name}`,
    description: machine.rate === null ? l10n.t('price unknown') : formatRate(machine.rate),
    detail: machine.problem ?? hardware(machine),
  }));
  if (provider === engine.ssh?.id) {
    rows.push({ value: NEW_MACHINE, label: `$(add) ${l10n.t('Add SSH Machine…')}` });
  }
  return rows;
}

function hardware({ facts }: MachineView): string {
  if (facts === null) {
    return '';
  }
  const gpus = (facts.gpus ?? []).map((gpu) => gpu.name);
  return [
    facts.cpus === null ? null : l10n.t('{0} processors', facts.cpus),
    gpus.length === 0 ? l10n.t('no GPU found') : gpus.join(', '),
  ]
    .filter((part) => part !== null)
    .join(' · ');
}

function pickCommand(app: App, engine: Engine): Step<WizardState> {
  return async (state, ui) => {
    const choices = launchChoices(app);
    state.choice = await ui.pick({
      placeholder: l10n.t('What should run?'),
      rows: choices.then((list) => list.map(choiceRow)),
    });
    return summary(app, engine);
  };
}

function choiceRow(choice: LaunchChoice): PickRow<LaunchChoice> {
  switch (choice.kind) {
    case 'profile':
      return {
        value: choice,
        label: `$(beaker) ${choice.profile}`,
        description: basename(choice.folder.fsPath),
        detail: choice.command,
      };
    case 'script': {
      const folder = dirname(vscode.workspace.asRelativePath(choice.script));
      return {
        value: choice,
        label: `$(file-code) ${basename(choice.script.fsPath)}`,
        description: folder === '.' ? '' : folder,
      };
    }
    case 'mistake':
      return {
        value: choice,
        label: `$(warning) ${l10n.t('{0} has a mistake', CONFIG_FILE_NAME)}`,
        description: basename(choice.folder.fsPath),
        detail: choice.message,
      };
  }
}

function summary(app: App, engine: Engine): Step<WizardState> {
  return async (state, ui) => {
    const { choice, machine } = state;
    if (choice === undefined || machine === undefined) {
      return undefined;
    }
    const place = { provider: machine.provider, machine: machine.id };
    const seen = await reachOrTell(app, machine.id, async () => {
      const plan = await planChoice(app, choice, place);
      const [code, other] = await Promise.all([
        codeFacts(app, plan),
        otherPlace(app, choice, place),
      ]);
      return { plan, code, other };
    });
    if (seen === undefined) {
      // What was chosen to run stands.
      return pickMachine(app, engine, summary(app, engine));
    }
    const { plan, code, other } = seen;
    state.plan = await ui.pick({
      placeholder: l10n.t('Launch this?'),
      rows: summaryRows(plan, machine, code, other),
    });
    return undefined;
  };
}
