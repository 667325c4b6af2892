import { wantsAfter } from '../../core/model/run-after.ts';
import type { Run } from '../../core/model/run.ts';
import type { AgentSpec } from '../../remote/agent/agent-spec.ts';
import { isForWindow } from './after-state.ts';

/** On a machine of one's own nothing waits for the saving: six hours, in seconds. */
const OWN_SAVE_LIMIT = 21_600;

/**
 * Says what a machine is to do by itself after a run.
 *
 * @param run - about to start, with paths of its machine
 * @param secrets - credentials and endpoint of the durable place by their AWS names
 * @returns a part of the agent's spec; empty when nothing is to be done there
 */
export function agentAfter(
  run: Pick<Run, 'provider' | 'spec'>,
  secrets: Readonly<Record<string, string>>,
): Pick<AgentSpec, 'after'> {
  const { after, checkpointDirectory } = run.spec;
  const durable = isForWindow(run) ? null : after.durable;
  if (!wantsAfter({ ...after, durable })) {
    return {};
  }
  const isOwn = run.provider === 'local' || run.provider === 'ssh';
  return {
    after: {
      checkpoints: checkpointDirectory,
      durable,
      secrets: durable === null ? {} : secrets,
      webhook: after.webhook,
      holdSeconds: after.holdSeconds === 0 ? null : after.holdSeconds,
      action: [],
      saveLimitSeconds: isOwn ? OWN_SAVE_LIMIT : null,
    },
  };
}
