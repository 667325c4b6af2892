import type { Clock } from '../core/clock.ts';
import type { AgentFacts } from '../remote/agent/agent-answers.ts';
import type { AgentClient } from '../remote/agent/agent-client.ts';
import type { MachineFacts } from '../resources/account-snapshot.ts';

/** Reads facts through the agent and turns counters into shares. */
export class MachineFactsReader {
  private readonly agent: AgentClient;
  private readonly clock: Clock;
  private lastTicks: { busy: number; total: number } | undefined;

  constructor(agent: AgentClient, clock: Clock) {
    this.agent = agent;
    this.clock = clock;
  }

  /**
   * Asks the machine now.
   *
   * @param directories - absolute paths whose file systems to measure
   * @returns facts; the processor share covers the time since the last call
   */
  async read(directories: readonly string[]): Promise<MachineFacts> {
    const facts = await this.agent.facts(directories);
    const ticks = facts.cpuTicks ?? undefined;
    const cpuBusy = busyShare(this.lastTicks, ticks);
    this.lastTicks = ticks;
    return { ...toMachineFacts(facts), at: this.clock.now(), cpuBusy };
  }
}

/**
 * Share of processor time between two counter readings.
 *
 * @param before - the earlier reading
 * @param after - the later reading
 * @returns 0 to 1, or `null` when it cannot be told
 */
export function busyShare(
  before: { busy: number; total: number } | undefined,
  after: { busy: number; total: number } | undefined,
): number | null {
  const total = (after?.total ?? 0) - (before?.total ?? 0);
  if (before === undefined || after === undefined || total <= 0) {
    return null;
  }
  return Math.min(1, Math.max(0, (after.busy - before.busy) / total));
}

function toMachineFacts(facts: AgentFacts): Omit<MachineFacts, 'at' | 'cpuBusy'> {
  const gpuMemory = new Map<number, number>();
  for (const entry of facts.gpuProcesses) {
    gpuMemory.set(entry.pid, (gpuMemory.get(entry.pid) ?? 0) + (entry.memory ?? 0));
  }
  return {
    os: facts.os,
    arch: facts.arch,
    hostname: facts.hostname,
    cpus: facts.cpus,
    load: facts.load,
    memory: facts.memory,
    disks: facts.disks,
    gpus: facts.gpus,
    gpuProblem: facts.gpuError ?? null,
    processes: facts.processes.map((process) => ({
      pid: process.pid,
      user: process.user ?? '',
      cpu: process.cpu,
      memory: process.rss,
      gpuMemory: gpuMemory.get(process.pid) ?? null,
      command: process.command,
      run: process.run ?? null,
    })),
  };
}
