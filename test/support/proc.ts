import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Polls until there is an answer; fails after a deadline that only a fault can reach. */
export async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    assert.ok(performance.now() < deadline, `timed out waiting until ${what}`);
    await delay(25);
  }
}

export function pids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

export function environment(pid: number): string[] {
  return readProc(pid, 'environ').split('\0');
}

/** Fields of /proc/PID/stat from the state on, or nothing when it is gone. */
export function stat(pid: number): string[] {
  const text = readProc(pid, 'stat');
  return text === '' ? [] : text.slice(text.lastIndexOf(') ') + 2).split(' ');
}

export function isRunning(pid: number): boolean {
  const [state] = stat(pid);
  return state !== undefined && state !== 'Z' && state !== 'X';
}

export function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1');
  } catch {
    // It ended, or is another user's.
    return '';
  }
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended by itself.
  }
}
