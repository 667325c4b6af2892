import * as l10n from '@vscode/l10n';
import { formatNumber } from './locale.ts';
import { formatDollars } from './money.ts';
import type { MicroDollarsPerHour } from './money.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const BYTE_UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];

/**
 * Writes a duration in its two largest units, the second only when there is any.
 *
 * @param ms - milliseconds; negative counts as none
 * @returns for example `42s`, `3m 07s`, `2h 05m`, `4d 3h`, `8h`
 */
export function formatDuration(ms: number): string {
  const time = Math.max(0, Math.floor(ms / SECOND) * SECOND);
  if (time < MINUTE) {
    return l10n.t('{0}s', time / SECOND);
  }
  if (time < HOUR) {
    const minutes = Math.floor(time / MINUTE);
    const seconds = (time % MINUTE) / SECOND;
    return seconds === 0 ? l10n.t('{0}m', minutes) : l10n.t('{0}m {1}s', minutes, pad(seconds));
  }
  if (time < DAY) {
    const hours = Math.floor(time / HOUR);
    const minutes = Math.floor((time % HOUR) / MINUTE);
    return minutes === 0 ? l10n.t('{0}h', hours) : l10n.t('{0}h {1}m', hours, pad(minutes));
  }
  const days = Math.floor(time / DAY);
  const hours = Math.floor((time % DAY) / HOUR);
  return hours === 0 ? l10n.t('{0}d', days) : l10n.t('{0}d {1}h', days, hours);
}

/**
 * Writes how long ago something was, in one unit.
 *
 * @param ms - milliseconds since then
 * @returns for example `just now`, `3m ago`, `5d ago`
 */
export function formatAge(ms: number): string {
  if (ms < MINUTE) {
    return l10n.t('just now');
  }
  if (ms < HOUR) {
    return l10n.t('{0}m ago', Math.floor(ms / MINUTE));
  }
  if (ms < DAY) {
    return l10n.t('{0}h ago', Math.floor(ms / HOUR));
  }
  return l10n.t('{0}d ago', Math.floor(ms / DAY));
}

/**
 * Writes a size in decimal units, as disks are sold.
 *
 * @param bytes - whole bytes
 * @returns for example `0 B`, `12.3 MB`
 */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${fixed(value, digits)} ${BYTE_UNITS[unit] ?? ''}`;
}

/**
 * Writes a metric value in at most five significant digits, as logs and code
 * do in every language.
 *
 * @param value - any finite number
 * @returns for example `0.0123`, `1.2e-7`, `400`
 */
export function formatMetric(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e9) {
    return String(value);
  }
  const size = Math.abs(value);
  return size >= 1e6 || size < 1e-4 ? value.toExponential(2) : String(Number(value.toPrecision(5)));
}

/**
 * Writes a price per hour.
 *
 * @param rate - micro-dollars per hour
 * @returns for example `$1.25/h`
 */
export function formatRate(rate: MicroDollarsPerHour): string {
  return l10n.t('{0}/h', formatDollars(rate));
}

/**
 * Writes load averages.
 *
 * @param load - over 1, 5 and 15 minutes
 * @returns for example `0.52 0.40 0.38`
 */
export function formatLoad(load: readonly number[]): string {
  return load.map((value) => fixed(value, 2)).join(' ');
}

function fixed(value: number, digits: number): string {
  return formatNumber(value, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
