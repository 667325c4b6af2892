/** A refusal in the words of a service. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/**
 * A call no honest client makes: an action, parameter or value this emulator does not know.
 * It is answered as the service would, and written into the journal as a violation.
 */
export class Violation extends Refusal {}

/** What was left out and is mandatory. */
export function need<T>(value: T | undefined, name: string): T {
  if (value === undefined || value === '') {
    throw new Refusal('MissingParameter', `The request must contain the parameter ${name}`);
  }
  return value;
}

export function invalidValue(name: string, value: unknown, why = 'is invalid'): Refusal {
  return new Refusal('InvalidParameterValue', `Value (${String(value)}) for parameter ${name} ${why}.`);
}
