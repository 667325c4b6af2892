import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import * as l10n from '@vscode/l10n';
import { MachineError } from '../../core/errors.ts';
import { hostKeyError } from '../../remote/ssh/host-key-error.ts';
import type { HostKeyVerdict, KnownHosts } from '../../remote/ssh/known-hosts.ts';
import { logIn } from '../../remote/ssh/login.ts';
import { reachError } from '../../remote/ssh/ssh-errors.ts';
import type { SshSettings } from '../../remote/ssh/ssh-settings.ts';
import { loadSsh2 } from '../../remote/ssh/ssh2-module.ts';
import { openTcp } from '../../remote/ssh/tcp.ts';
import { loginStep } from './doctor-login.ts';
import type { DoctorLogin } from './doctor-login.ts';
import type { DoctorStep } from './doctor.ts';

/** What the check of the way to a machine needs. */
export interface DoctorWay {
  /** Reads the configuration; throws what is wrong in it. */
  readonly settings: () => Promise<SshSettings>;
  readonly knownHosts: KnownHosts;
  /** Opens a way through the machine before it; only asked where there is one. */
  readonly throughJump: (settings: SshSettings, signal: AbortSignal) => Promise<Duplex>;
  /** Logs in and looks at the machine, asking the person when that is needed. */
  readonly open: DoctorLogin['open'];
  readonly keys?: DoctorLogin['keys'];
}

/** The shell works. */
export const SHELL_STEP = 'shell';

/**
 * The steps up to a shell: configuration, name, port, key exchange, host key,
 * login.
 *
 * @param way - see the fields
 * @returns steps in order; each needs the one before
 */
export function waySteps(way: DoctorWay): readonly DoctorStep[] {
  const found: { settings?: SshSettings; verdict?: HostKeyVerdict } = {};
  const settings = (): SshSettings => {
    if (found.settings === undefined) {
      throw new MachineError('no-settings', l10n.t('The configuration was not read'));
    }
    return found.settings;
  };
  return [
    {
      id: 'config',
      title: l10n.t('SSH configuration'),
      needs: [],
      look: async () => {
        const read = await way.settings();
        found.settings = read;
        const text = l10n.t('{0} is {1}', read.alias, placeOf(read));
        return read.notes.length === 0
          ? { level: 'ok', text }
          : { level: 'warn', text, fix: read.notes };
      },
    },
    {
      id: 'name',
      title: l10n.t('Name'),
      needs: ['config'],
      look: async () => {
        const { host, jump } = settings();
        if (jump !== null) {
          return { level: 'ok', text: l10n.t('{0} looks it up', jump.alias) };
        }
        if (isIP(host) !== 0) {
          return { level: 'ok', text: l10n.t('{0} is an address', host) };
        }
        const addresses = await lookup(host, { all: true }).catch((error: unknown) => {
          throw reachError(settings(), error);
        });
        return { level: 'ok', text: addresses.map(({ address }) => address).join(', ') };
      },
    },
    {
      id: 'tcp',
      title: l10n.t('Port'),
      needs: ['name'],
      look: async (signal) => {
        const { host, port, jump } = settings();
        const socket = await dial(way, settings(), signal);
        socket.destroy();
        return {
          level: 'ok',
          text:
            jump === null
              ? l10n.t('{0}:{1} takes connections', host, port)
              : l10n.t('{0}:{1} takes connections through {2}', host, port, jump.alias),
        };
      },
    },
    {
      id: 'kex',
      title: l10n.t('Key exchange'),
      needs: ['tcp'],
      look: async (signal) => {
        found.verdict = await shownKey(way, settings(), signal);
        return { level: 'ok', text: l10n.t('an SSH server answers, with methods that we know') };
      },
    },
    {
      id: 'hostkey',
      title: l10n.t('Host key'),
      needs: ['kex'],
      look: () => Promise.resolve(hostKeyFinding(settings(), found.verdict)),
    },
    loginStep(way, settings),
  ];
}

function dial(way: DoctorWay, settings: SshSettings, signal: AbortSignal): Promise<Duplex> {
  return settings.jump === null
    ? openTcp(settings, settings.connectTimeoutMs, signal)
    : way.throughJump(settings, signal);
}

// No key is offered: the server shows its own before it asks for ours.
async function shownKey(
  way: DoctorWay,
  settings: SshSettings,
  signal: AbortSignal,
): Promise<HostKeyVerdict> {
  const [ssh2, records, socket] = await Promise.all([
    loadSsh2(),
    way.knownHosts.look({ ...settings, pinnedKeys: [] }),
    dial(way, settings, signal),
  ]);
  try {
    const parts = { ssh2, settings, socket, records, identities: [], signal };
    const result = await logIn(parts);
    if (result.kind === 'host-key') {
      return result.verdict;
    }
    // It lets in whoever comes; that is not ours to judge here.
    result.client.destroy();
    return { kind: 'known' };
  } catch (error) {
    if (error instanceof MachineError && error.code === 'auth-failed') {
      return { kind: 'known' };
    }
    throw error;
  } finally {
    socket.destroy();
  }
}

function hostKeyFinding(
  settings: SshSettings,
  verdict: HostKeyVerdict | undefined,
): { level: 'ok' | 'warn'; text: string; fix?: readonly string[] } {
  if (verdict?.kind === 'new') {
    return {
      level: 'warn',
      text: l10n.t('not known yet: {0} {1}', verdict.keyType, verdict.fingerprint),
      fix: [l10n.t('Compare it with what the machine’s owner tells you; you are asked when you connect.')],
    };
  }
  if (verdict !== undefined && verdict.kind !== 'known') {
    throw hostKeyError(settings, verdict);
  }
  return { level: 'ok', text: l10n.t('the one on record') };
}

function placeOf({ user, host, port, jump }: SshSettings): string {
  const place = `${user}@${host}:${port}`;
  return jump === null ? place : l10n.t('{0}, through {1}', place, jump.alias);
}
