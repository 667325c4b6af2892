import type { Clock } from '../../core/clock.ts';
import { CancelledError } from '../../core/errors.ts';
import { SshConnection } from '../../remote/ssh/ssh-connection.ts';
import type { SshServices } from '../../remote/ssh/ssh-connection.ts';
import type { SshSettings } from '../../remote/ssh/ssh-settings.ts';
import { machineSteps } from './doctor-machine.ts';
import { waySteps } from './doctor-way.ts';
import type { DoctorStep } from './doctor.ts';
import type { PooledMachine } from './machine-pool.ts';
import type { SshKeys } from './ssh-keys.ts';

/** What a check of one machine is made from. */
export interface DoctorParts {
  readonly settings: () => Promise<SshSettings>;
  readonly services: SshServices;
  readonly clock: Clock;
  /** To try our own key with; left out where there is none. */
  readonly keys?: Pick<SshKeys, 'own' | 'isAccepted'> | undefined;
  /** Opens the machine, asking the person when that is needed. */
  readonly open: (signal: AbortSignal) => Promise<Pick<PooledMachine, 'shell' | 'agent'>>;
  /** Hears how the way to the machine is, for the machine's row. */
  readonly hears?: WayListener | undefined;
}

/** Whoever wants to know how the way to a machine is. */
export interface WayListener {
  readonly failed: (error: unknown) => void;
  readonly loggedIn: () => void;
}

/** A check of one machine, ready to be run once. */
export interface DoctorCheck {
  readonly steps: readonly DoctorStep[];
  /** Ends what was opened for the check alone. */
  readonly close: () => Promise<void>;
}

/**
 * Puts the check of a machine together.
 *
 * @param parts - see the fields
 * @returns its steps
 */
export function doctorCheck(parts: DoctorParts): DoctorCheck {
  const { services, clock } = parts;
  let jump: SshConnection | undefined;
  let opened: ReturnType<DoctorParts['open']> | undefined;
  const machine = (signal?: AbortSignal): ReturnType<DoctorParts['open']> =>
    (opened ??= parts.open(signal ?? new AbortController().signal));
  return {
    steps: [
      ...waySteps({
        settings: parts.settings,
        knownHosts: services.knownHosts,
        throughJump: async (settings, signal) => {
          jump ??= new SshConnection(settings.jump ?? settings, { ...services, readySessions: 0 });
          const { link } = await jump.launcher();
          return link.forward(settings.host, settings.port, signal);
        },
        open: async (signal) => {
          const { shell } = await machine(signal);
          // One that was opened before may be lost by now.
          await shell.connection.launcher();
          parts.hears?.loggedIn();
          return shell.connection.identity;
        },
        keys: parts.keys,
      }).map((step) => heard(step, parts.hears)),
      ...machineSteps({
        clock,
        shell: async () => (await machine()).shell,
        agent: async () => (await machine()).agent,
      }),
    ],
    close: async () => {
      await jump?.close();
    },
  };
}

// What the person ended, or did not want, is no trouble of the machine.
function heard(step: DoctorStep, hears: WayListener | undefined): DoctorStep {
  const look = async (signal: AbortSignal): ReturnType<DoctorStep['look']> => {
    try {
      return await step.look(signal);
    } catch (error) {
      if (!signal.aborted && !(error instanceof CancelledError)) {
        hears?.failed(error);
      }
      throw error;
    }
  };
  return { ...step, look };
}
