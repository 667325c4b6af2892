import { localPath } from './local-content.ts';
import type { ScriptAnswer } from './machine-script.ts';
import { memberOf, textMember } from './pack.ts';
import type { Member } from './pack.ts';
import type { Plan } from './plan.ts';
import type { Built, Supply } from './supply.ts';
import type { BigStream, Transport } from './transport.ts';

/** What to send, and by which verbs. */
export interface TreeSend {
  readonly transport: Transport;
  /** Absolute directory on this host. */
  readonly root: string;
  readonly plan: Plan;
  readonly supply: Supply;
  /** Sizes of streams of their own that are on the machine. */
  readonly bigs: ReadonlyMap<string, number>;
  readonly reset: boolean;
  readonly append: readonly string[];
  readonly commit: readonly string[];
  /** Last words of the verb that ends the transfer. */
  readonly after?: readonly string[];
}

/**
 * Sends all that is missing, and has it proved and put in place.
 *
 * @param send - what and how
 * @returns the answer of the last verb; `undefined` when the stage changed meanwhile
 */
export async function sendTree(send: TreeSend): Promise<ScriptAnswer | undefined> {
  const { transport, root, plan, supply, bigs } = send;
  const streams = streamsOf(root, supply);
  const members: Member[] = [
    ...[...plan.files].map(([name, text]) => textMember(`plan-${plan.id}/${name}`, text)),
    ...supply.built
      .filter((built) => !built.streamed && built.delta.literal > 0)
      .map((built) => literalMember(root, built)),
    ...supply.packed.map((needed) => memberOf(root, needed)),
  ];
  const packed = members.reduce((sum, member) => sum + member.head.size, 0);
  const big = streams.reduce((sum, stream) => sum + lengthOf(stream), 0);
  await transport.expect(packed + big);
  for (const stream of streams) {
    const there = bigs.get(stream.name) ?? stream.begin?.bytes ?? 0;
    if (there < lengthOf(stream) && !(await transport.append(send.append, stream, there))) {
      return undefined;
    }
  }
  return transport.pack({
    verb: send.commit,
    after: send.after ?? [],
    members,
    reset: send.reset,
  });
}

function streamsOf(root: string, supply: Supply): readonly BigStream[] {
  return [
    ...supply.streamed.map(({ needed, file, begun }) => ({
      name: file.hash,
      path: localPath(root, needed.entry.path),
      ranges: [{ offset: 0, length: file.size }],
      what: needed.entry.path,
      ...(begun === 0 ? {} : { begin: { stagePath: needed.stagePath, bytes: begun } }),
    })),
    ...supply.built
      .filter((built) => built.streamed)
      .map((built) => ({
        name: built.literalName,
        path: localPath(root, built.file.path),
        ranges: literals(built),
        what: built.file.path,
      })),
  ];
}

function literalMember(root: string, built: Built): Member {
  const { literalName, delta, file } = built;
  return {
    head: {
      path: `lit/${literalName}`,
      type: 'file',
      size: delta.literal,
      mode: 0o600,
      stamp: 0,
    },
    content: { kind: 'parts', path: localPath(root, file.path), ranges: literals(built) },
  };
}

function literals(built: Built): BigStream['ranges'] {
  return built.delta.steps.filter((step) => step.kind === 'literal');
}

function lengthOf(stream: BigStream): number {
  return stream.ranges.reduce((sum, range) => sum + range.length, 0);
}
