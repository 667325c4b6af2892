import * as l10n from '@vscode/l10n';
import { openAt } from '../../core/error-helpers.ts';
import type { MachineError } from '../../core/errors.ts';
import type { HostKeyVerdict, RecordedKey } from './known-hosts.ts';
import { sshError } from './ssh-errors.ts';
import type { Endpoint } from './ssh-errors.ts';

/**
 * Says why a host key is not accepted, and the way out.
 *
 * @param to - the machine
 * @param verdict - anything but `known`; `new` means that the person said no
 * @returns the error; its button opens the line that has to go
 */
export function hostKeyError(to: Endpoint, verdict: HostKeyVerdict): MachineError {
  if (verdict.kind === 'changed') {
    return changedError(to, verdict.fingerprint, verdict.recorded);
  }
  if (verdict.kind === 'revoked') {
    const { fingerprint, recorded } = verdict;
    return sshError('host-key-revoked', l10n.t('The host key of {0} was revoked', to.alias), {
      steps: [
        l10n.t('Do not connect: {0} says that this key must not be trusted.', placeOf(recorded)),
      ],
      nextAction: actionFor(recorded),
      details: { host: to.host, port: to.port, fingerprint },
    });
  }
  const shown = verdict.kind === 'new' ? verdict.fingerprint : '';
  return sshError('host-key-unknown', l10n.t('The host key of {0} was not accepted', to.alias), {
    steps: [
      l10n.t('Ask whoever runs the machine for its fingerprint; it showed {0}.', shown),
      l10n.t('Connect again and accept it when they are the same.'),
    ],
    nextAction: {
      title: l10n.t('Check Machine'),
      command: 'runctl.doctor',
      arguments: [to.alias],
    },
    details: { host: to.host, port: to.port, fingerprint: shown },
  });
}

function changedError(
  to: Endpoint,
  shown: string,
  recorded: readonly RecordedKey[],
): MachineError {
  const known = recorded.map(({ fingerprint }) => fingerprint).join(', ');
  const filed = recorded.filter(({ file }) => file !== null);
  const [first] = filed;
  return sshError('host-key-changed', l10n.t('The host key of {0} has changed', to.alias), {
    steps: [
      l10n.t('It shows {0}; on record is {1}.', shown, known),
      l10n.t('Someone may be reading along.'),
      l10n.t('Ask whoever runs the machine whether it was reinstalled.'),
      ...(filed.length === 0
        ? [l10n.t('The expected key comes from the provider: do not connect.')]
        : [l10n.t('If it was, delete {0}, then connect again.', filed.map(placeOf).join('; '))]),
    ],
    ...(first === undefined ? {} : { nextAction: actionFor(first) }),
    details: {
      host: to.host,
      port: to.port,
      shown,
      recorded: recorded.map(({ fingerprint, file, line }) => ({ fingerprint, file, line })),
    },
  });
}

function placeOf({ file, line }: RecordedKey): string {
  return file === null
    ? l10n.t('the provider')
    : l10n.t('line {0} of {1}', line ?? 1, file);
}

function actionFor({ file, line }: RecordedKey): ReturnType<typeof openAt> | undefined {
  return file === null ? undefined : openAt(file, line ?? 1);
}
