import * as l10n from '@vscode/l10n';
import type { z } from 'zod';
import { ExistsError, MachineError, RunctlError, RunError } from '../../core/errors.ts';
import type { ExecResult } from '../remote-shell.ts';
import { agentErrorSchema } from './agent-answers.ts';

type AgentError = z.infer<typeof agentErrorSchema>;

/**
 * Makes the error for a verb that failed.
 *
 * @param verb - what was asked
 * @param result - how the agent ended
 * @param home - absolute path of the agent's directory on the machine
 * @returns an error that says it in the user's language; the agent's own words are in `details`
 */
export function agentFailure(verb: string, result: ExecResult, home: string): Error {
  const answer = parseError(result.stdout);
  const details = {
    verb,
    code: result.code,
    signal: result.signal,
    stderr: result.stderr.slice(-2000),
    ...(answer === undefined ? {} : { message: answer.error.message }),
  };
  if (answer === undefined) {
    return new MachineError(
      'agent-failed',
      l10n.t('The agent on the machine failed ({0})', verb),
      { details },
    );
  }
  const { code, run } = answer.error;
  switch (code) {
    case 'busy':
      return new ExistsError(
        'directory-busy',
        l10n.t('Another run is active in this directory: {0}', run ?? '?'),
        { details: { ...details, run } },
      );
    case 'active':
      return new RunError('run-active', l10n.t('The run is still active'), { details });
    case 'no-home':
      return new MachineError(
        code,
        l10n.t('The folder {0} is not there; is its disk mounted?', `${home}/runs`),
        {
          details,
          steps: [
            l10n.t(
              'Mount it and try again. If it is gone for good, make it anew, empty: what is known of its runs can be deleted then.',
            ),
          ],
        },
      );
    default:
      return new MachineError(code, sentence(code, verb, answer.error.message, home), { details });
  }
}

/**
 * Tells a refusal by the agent itself from an answer that was lost on the way.
 *
 * @param error - what asking it threw
 * @returns true when the agent said no, so that nothing of what was asked happened
 */
export function isRefusal(error: unknown): boolean {
  return error instanceof RunctlError && 'verb' in error.details && 'message' in error.details;
}

function sentence(code: string, verb: string, message: string, home: string): string {
  switch (code) {
    case 'not-found':
      return l10n.t('The machine does not know this run');
    case 'no-detach':
      return l10n.t('The machine needs one of setsid, perl and python3 to keep a run going');
    case 'environment':
      return l10n.t('The agent cannot write its files on the machine: {0}', message);
    case 'homeless':
      return l10n.t('The user of the machine has no home directory');
    case 'disk-full':
      return l10n.t('The disk of {0} on the machine is full, or your share of it', home);
    case 'denied':
      return l10n.t('The agent may not write in {0} on the machine', home);
    case 'no-links':
      return l10n.t('{0} on the machine is on a file system without hard links', home);
    case 'locked':
      return l10n.t('Another start on the machine takes too long; try again');
    case 'no-file':
      return l10n.t('It is not there on the machine any more');
    case 'exists':
      return l10n.t('There is something of this name on the machine already');
    case 'forbidden':
      return l10n.t('The start came too late: the run was given up meanwhile');
    case 'elsewhere':
      return l10n.t('The run is on another machine that shares {0} with this one', home);
    case 'ending':
      return l10n.t('It is too late: the run has ended or is being stopped');
    case 'nowhere':
      return l10n.t('The run was started without a durable place to save it to');
    case 'supervisor':
      return l10n.t(
        'The process that watches over the run could not start on the machine: {0}',
        message,
      );
    default:
      return l10n.t('The agent on the machine refused “{0}” ({1})', verb, code);
  }
}

/**
 * Reads the agent's refusal.
 *
 * @param stdout - what a failed verb wrote
 * @returns the refusal, or `undefined` when there is none: then exit code and stderr tell more
 */
export function parseError(stdout: Buffer): AgentError | undefined {
  try {
    const line = stdout.toString('utf8').trim().split('\n').at(-1) ?? '';
    return agentErrorSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
