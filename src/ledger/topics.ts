import type { ReadHandle, WriteHandle } from './handle.ts';
import { integer, text } from './rows.ts';

/** The parts of the ledger a change can be about. */
export const TOPICS = [
  'runs',
  'metrics',
  'checkpoints',
  'resources',
  'intervals',
  'intents',
] as const;

/** One part of the ledger. */
export type Topic = (typeof TOPICS)[number];

/** Version of each topic; missing means never written. */
export type TopicVersions = ReadonlyMap<string, number>;

/**
 * Counts a change, so that other windows see what changed and renewals of
 * leases wake nobody.
 *
 * @param handle - the open transaction
 * @param topics - what it changes
 */
export function bumpTopics(handle: WriteHandle, topics: readonly Topic[]): void {
  for (const topic of topics) {
    handle.run(
      `INSERT INTO topics (name, version) VALUES (?, 1)
       ON CONFLICT (name) DO UPDATE SET version = version + 1`,
      topic,
    );
  }
}

/**
 * Reads all versions.
 *
 * @param handle - any handle
 * @returns version by topic
 */
export function topicVersions(handle: ReadHandle): TopicVersions {
  const rows = handle.all('SELECT name, version FROM topics');
  return new Map(rows.map((row) => [text(row, 'name'), integer(row, 'version')]));
}

/**
 * Compares two readings.
 *
 * @param before - the earlier one
 * @param after - the later one
 * @returns the topics written in between
 */
export function changedTopics(before: TopicVersions, after: TopicVersions): ReadonlySet<Topic> {
  return new Set(TOPICS.filter((topic) => before.get(topic) !== after.get(topic)));
}
