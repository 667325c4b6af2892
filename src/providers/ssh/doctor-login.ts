import * as l10n from '@vscode/l10n';
import { toRunctlError } from '../../core/error-chain.ts';
import { MachineError } from '../../core/errors.ts';
import type { Identity } from '../../remote/ssh/identities.ts';
import { sshError } from '../../remote/ssh/ssh-errors.ts';
import type { SshSettings } from '../../remote/ssh/ssh-settings.ts';
import type { DoctorFinding, DoctorStep } from './doctor.ts';
import type { SshKeys } from './ssh-keys.ts';

/** What the check of a login needs. */
export interface DoctorLogin {
  /** Logs in and looks at the machine, asking the person when that is needed. */
  readonly open: (signal: AbortSignal) => Promise<Identity | undefined>;
  /** To try our own key with; left out where there is none. */
  readonly keys?: Pick<SshKeys, 'own' | 'isAccepted'> | undefined;
}

/** What every step of the machine itself needs. */
export const LOGIN_STEP = 'auth';

/**
 * The step that logs in, and says by which key; when nothing is let in, it
 * says which line the machine lacks.
 *
 * @param login - see the fields
 * @param settings - of the machine, once they are read
 * @returns the step
 */
export function loginStep(login: DoctorLogin, settings: () => SshSettings): DoctorStep {
  return {
    id: LOGIN_STEP,
    title: l10n.t('Login'),
    needs: ['hostkey'],
    look: async (signal) => {
      const identity = await opened(login, signal);
      const { user } = settings();
      const text =
        identity === undefined
          ? l10n.t('logged in as {0}', user)
          : l10n.t('logged in as {0} by {1}', user, identity.name);
      return identity?.source === 'own' ? { level: 'ok', text } : withOwnKey(login, settings(), text);
    },
  };
}

async function opened(login: DoctorLogin, signal: AbortSignal): Promise<Identity | undefined> {
  try {
    return await login.open(signal);
  } catch (error) {
    // That it has no usable shell is told by the step that asks for one.
    if (error instanceof MachineError && error.code === 'no-posix-shell') {
      return undefined;
    }
    if (error instanceof MachineError && error.code === 'auth-failed') {
      throw await withLine(error, login);
    }
    throw error;
  }
}

// Our key is tried only where there is one: a check makes none.
async function withOwnKey(
  { keys }: DoctorLogin,
  settings: SshSettings,
  text: string,
): Promise<DoctorFinding> {
  const line = (await keys?.own.known()) ?? null;
  if (keys === undefined || line === null) {
    return { level: 'ok', text };
  }
  const wanted = await keys.own.isInstalled(settings);
  try {
    if (await keys.isAccepted(settings)) {
      return { level: 'ok', text: l10n.t('{0}; the key of runctl is let in as well', text) };
    }
  } catch (error) {
    const { message, steps } = toRunctlError(error);
    return { level: 'warn', text: l10n.t('{0}; the key of runctl: {1}', text, message), fix: steps };
  }
  return wanted
    ? {
        level: 'warn',
        text: l10n.t('{0}; the key of runctl is not let in any more', text),
        fix: [l10n.t('Run `runctl: Install Key on Machine…` again.'), appendStep(settings, line)],
      }
    : { level: 'ok', text };
}

async function withLine(error: MachineError, { keys }: DoctorLogin): Promise<MachineError> {
  const { methods, publicKeys, user, host } = error.details;
  const own = (await keys?.own.known()) ?? null;
  const offered = Array.isArray(publicKeys) ? (publicKeys as readonly unknown[])[0] : undefined;
  const line = own ?? offered;
  if (Array.isArray(methods) && methods.length > 0 && !methods.includes('publickey')) {
    return error;
  }
  const step =
    typeof line === 'string'
      ? appendStep({ user: String(user), host: String(host) }, line)
      : l10n.t('`runctl: Copy Public Key` makes a key and copies the line for its authorized_keys.');
  return sshError('auth-failed', error.message, {
    cause: error,
    steps: [...error.steps, step],
    nextAction: error.nextAction,
    details: error.details,
  });
}

function appendStep({ user, host }: Pick<SshSettings, 'user' | 'host'>, line: string): string {
  return l10n.t('Append this line to ~/.ssh/authorized_keys of {0} on {1}: {2}', user, host, line);
}
