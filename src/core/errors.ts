/** What the user can do next; shown as the button of the one error message. */
export type NextAction = {
  /** Button text, already translated. */
  readonly title: string;
} & (RunCommand | OpenAddress | Repeat);

interface RunCommand {
  /** A command of ours or of VS Code. */
  readonly command: string;
  /** Its arguments; plain data only. */
  readonly arguments?: readonly unknown[];
  readonly url?: never;
}

interface OpenAddress {
  /** An address to open. */
  readonly url: string;
  readonly command?: never;
  readonly arguments?: never;
}

// What failed deep within cannot name the command it was part of.
interface Repeat {
  /** Does once more whatever the user did. */
  readonly again: true;
  readonly command?: never;
  readonly arguments?: never;
  readonly url?: never;
}

/** What every error may carry beside its message. */
export interface RunctlErrorOptions {
  readonly cause?: unknown;
  readonly nextAction?: NextAction | undefined;
  /** Numbered steps "to resolve", already translated. */
  readonly steps?: readonly string[];
  /** Plain facts for the log; never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The kinds of failure, one for each subclass below. */
export type ErrorKind =
  | 'cancelled'
  | 'cleanup'
  | 'cloud-provider'
  | 'config'
  | 'cost'
  | 'exists'
  | 'io'
  | 'ledger'
  | 'machine'
  | 'not-found'
  | 'resource'
  | 'retryable'
  | 'run'
  | 'transfer'
  | 'unsupported'
  | 'validation';

/**
 * Base of every failure a user can cause or meet. The message says what
 * happened (translated), `code` names it for programs and logs, `cause` keeps
 * the chain, `nextAction` and `steps` say what to do.
 */
export abstract class RunctlError extends Error {
  abstract readonly kind: ErrorKind;
  readonly code: string;
  readonly nextAction: NextAction | undefined;
  readonly steps: readonly string[];
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, options: RunctlErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.nextAction = options.nextAction;
    this.steps = options.steps ?? [];
    this.details = options.details ?? {};
  }
}

/** The user gave up; always silent. */
export class CancelledError extends RunctlError {
  readonly kind = 'cancelled';

  constructor(message = 'Cancelled', options: RunctlErrorOptions = {}) {
    super('cancelled', message, options);
  }
}

/** A configuration file or setting cannot be used as it is. */
export class ConfigError extends RunctlError {
  readonly kind = 'config';
}

/** A provider answered with a failure. */
export class CloudProviderError extends RunctlError {
  readonly kind: ErrorKind = 'cloud-provider';
  /** Provider id, such as `aws`. */
  readonly provider: string;
  /** HTTP status of the answer when there was one. */
  readonly status: number | undefined;

  constructor(
    provider: string,
    code: string,
    message: string,
    options: RunctlErrorOptions & { readonly status?: number } = {},
  ) {
    super(code, message, options);
    this.provider = provider;
    this.status = options.status;
  }
}

/** An operation on one resource failed. */
export class ResourceError extends RunctlError {
  readonly kind = 'resource';
}

/** What was named does not exist. */
export class NotFoundError extends RunctlError {
  readonly kind = 'not-found';
}

/** What should be made exists already. */
export class ExistsError extends RunctlError {
  readonly kind = 'exists';
}

/** Still failing after all attempts; `cause` is the last failure. */
export class RetryableError extends RunctlError {
  readonly kind = 'retryable';
  readonly attempts: number;

  constructor(attempts: number, message: string, options: RunctlErrorOptions = {}) {
    super('retries-exhausted', message, options);
    this.attempts = attempts;
  }
}

/** The file system of this host refused something. */
export class IoError extends RunctlError {
  readonly kind = 'io';
}

/** A value breaks a rule; `field` names it. */
export class ValidationError extends RunctlError {
  readonly kind = 'validation';
  readonly field: string;

  constructor(field: string, message: string, options: RunctlErrorOptions = {}) {
    super('invalid', message, options);
    this.field = field;
  }
}

/** A price or a total cannot be told. */
export class CostError extends RunctlError {
  readonly kind = 'cost';
}

/** A clean-up was refused or did not finish. */
export class CleanupError extends RunctlError {
  readonly kind = 'cleanup';
}

/** A transfer of files failed. */
export class TransferError extends RunctlError {
  readonly kind = 'transfer';
}

/** A run cannot do what was asked in its present state. */
export class RunError extends RunctlError {
  readonly kind = 'run';
}

/** The ledger cannot be read or written. */
export class LedgerError extends RunctlError {
  readonly kind = 'ledger';
}

/** A machine, its shell or its agent failed. */
export class MachineError extends RunctlError {
  readonly kind = 'machine';
}

/** This host or provider cannot do it at all. */
export class UnsupportedError extends RunctlError {
  readonly kind = 'unsupported';
}
