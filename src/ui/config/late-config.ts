// The schema of the configuration takes a tenth of a second to load; it comes
// with the first file that is read.
export { completionsAt } from '../../core/config/completion.ts';
export { guessScripts } from '../../core/config/guess-script.ts';
export { hoverAt } from '../../core/config/hover.ts';
export { fileValues, loadConfig, withoutInherited } from '../../core/config/load.ts';
export { mergeTables } from '../../core/config/merge.ts';
export { parseConfig } from '../../core/config/parse.ts';
export { resolveProfile } from '../../core/config/resolve-profile.ts';
export { starterConfig } from '../../core/config/starter.ts';
export { namedMachines } from '../../providers/ssh/named-machines.ts';
