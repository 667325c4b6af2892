import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentSource } from '../../src/remote/agent/agent-script.ts';

const FOLDER = join(import.meta.dirname, '../../src/remote/agent');

/** The agent as it is put on machines. */
export async function readAgent(): Promise<AgentSource> {
  const [script, helper] = await Promise.all(
    ['agent.sh', 'after.py'].map((name) => readFile(join(FOLDER, name))),
  );
  return { script: script ?? Buffer.alloc(0), helper: helper ?? Buffer.alloc(0) };
}
