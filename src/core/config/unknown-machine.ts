import * as l10n from '@vscode/l10n';
import { closest } from './closest.ts';
import { isTable, valueAt } from './merge.ts';
import type { TomlTable } from './merge.ts';
import type { ConfigProblem } from './problem.ts';
import type { ProblemContext } from './schema-problems.ts';

/**
 * Finds the machine a profile names that no `[machines.NAME]` describes. A host
 * of the SSH configuration is no such name: a profile needs its section.
 *
 * @param values - of one file, or of all together
 * @param profile - name of the run profile
 * @returns the name; `undefined` when there is such a machine, or the provider knows it
 */
export function unknownMachine(values: TomlTable, profile: string): string | undefined {
  const provider = valueAt(values, ['runs', profile, 'provider']);
  const machine = valueAt(values, ['runs', profile, 'machine']);
  if (typeof machine !== 'string' || (provider !== undefined && provider !== 'ssh')) {
    return undefined;
  }
  const isLocal = machine === 'local' && provider === undefined;
  return isLocal || valueAt(values, ['machines', machine]) !== undefined ? undefined : machine;
}

/**
 * Says that a profile names a machine that is not there. A warning: the other
 * profiles of the file can be launched all the same.
 *
 * @param values - of one file
 * @param profile - name of the run profile
 * @returns what makes the problem, to be placed; none when all is well
 */
export function machineProblems(
  values: TomlTable,
  profile: string,
): ((context: ProblemContext) => ConfigProblem)[] {
  const machine = unknownMachine(values, profile);
  if (machine === undefined) {
    return [];
  }
  const path = ['runs', profile, 'machine'];
  const meant = closest(machine, machineNames(values));
  return [
    ({ file, places }) => {
      const range = places.valueRange(path);
      const unknown = l10n.t('There is no machine “{0}”.', machine);
      const hint =
        meant === undefined
          ? l10n.t('Describe it in a section [machines.{0}] with its `host`.', machine)
          : l10n.t('Did you mean "{0}"?', meant);
      return {
        file,
        severity: 'warning',
        layer: 'rule',
        code: 'unknown-machine',
        message: `${unknown} ${hint}`,
        range,
        path: path.join('.'),
        fix:
          meant === undefined
            ? null
            : { title: l10n.t('Change to "{0}"', meant), range, text: JSON.stringify(meant) },
      };
    },
  ];
}

function machineNames(values: TomlTable): readonly string[] {
  const { machines } = values;
  return isTable(machines) ? Object.keys(machines) : [];
}
