import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { componentLogger, NULL_LOGGER } from '../../../src/core/logger.ts';
import type { Logger } from '../../../src/core/logger.ts';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;

describe('componentLogger', () => {
  it('prefixes every level with the component and keeps the details', () => {
    const lines: unknown[][] = [];
    const record = (level: string) => (...line: unknown[]) => void lines.push([level, ...line]);
    const sink: Logger = {
      trace: record('trace'),
      debug: record('debug'),
      info: record('info'),
      warn: record('warn'),
      error: record('error'),
    };
    const logger = componentLogger(componentLogger(sink, 'ledger'), 'lock');
    for (const level of LEVELS) {
      logger[level]('taken', 7);
      NULL_LOGGER[level]('nowhere');
    }
    assert.deepEqual(
      lines,
      LEVELS.map((level) => [level, '[ledger] [lock] taken', 7]),
    );
  });
});
