import { InvalidArgumentError } from './errors.ts'

/** Longest duration anywhere: about 1,000 days, far below what clocks and storages can represent. */
const LONGEST_MS = 86_400_000_000

/** A whole or broken number of milliseconds within bounds; rounds up to a whole one. */
export function checkDuration(name: string, value: number, min: number, max: number = LONGEST_MS): number {
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    throw new InvalidArgumentError(
      `${name} must be a number of milliseconds from ${min} to ${max}, not ${show(value)}.`,
    )
  }
  return Math.ceil(value)
}

export function checkNumber(name: string, value: number, min: number, max: number): number {
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    throw new InvalidArgumentError(`${name} must be a number from ${min} to ${max}, not ${show(value)}.`)
  }
  return value
}

export function checkInteger(
  name: string,
  value: number,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new InvalidArgumentError(
      `${name} must be a whole number from ${min} to ${max}, not ${show(value)}.`,
    )
  }
  return value
}

export function checkOneOf<T extends string>(name: string, value: T, allowed: readonly T[]): T {
  if (!allowed.includes(value)) {
    throw new InvalidArgumentError(`${name} must be one of ${allowed.join(', ')}, not ${show(value)}.`)
  }
  return value
}

const MAX_NAME_BYTES = 1_024

/** A name that people and storages can read: not empty, at most 1,024 bytes, valid Unicode, no control characters. */
export function checkName(what: string, value: string): string {
  if (typeof value !== 'string' || value === '') {
    throw new InvalidArgumentError(`${what} must be a string that is not empty, not ${show(value)}.`)
  }
  // A short string cannot be too long in UTF-8: no need to count.
  const bytes = value.length * 3 <= MAX_NAME_BYTES ? 0 : Buffer.byteLength(value)
  if (bytes > MAX_NAME_BYTES) {
    throw new InvalidArgumentError(
      `${what} takes ${bytes} bytes; at most ${MAX_NAME_BYTES} are allowed. Hash it.`,
    )
  }
  if (/\p{Cc}/u.test(value) || !value.isWellFormed()) {
    throw new InvalidArgumentError(
      `${what} contains control characters or half of a surrogate pair: ${show(value)}.`,
    )
  }
  return value
}

export function checkString(what: string, value: string): string {
  if (typeof value !== 'string')
    throw new InvalidArgumentError(`${what} must be a string, not ${show(value)}.`)
  return value
}

/** True or false, or undefined for absent: `'false'` would count as true. */
export function checkBoolean(what: string, value: boolean | undefined): boolean | undefined {
  if (value !== undefined && typeof value !== 'boolean')
    throw new InvalidArgumentError(`${what} must be true or false, not ${show(value)}.`)
  return value
}

export function checkFunction<T>(what: string, value: T): T {
  if (typeof value !== 'function')
    throw new InvalidArgumentError(`${what} must be a function, not ${show(value)}.`)
  return value
}

/** Of a function whose result is needed at once: a promise would count as none of its results. */
export function checkSynchronous<T>(what: string, value: T): T {
  if (Object.prototype.toString.call(checkFunction(what, value)) === '[object AsyncFunction]')
    throw new InvalidArgumentError(`${what} must not be async: its result is needed at once.`)
  return value
}

function show(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : textOf(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

/** Not every object can say what it is: a message about a wrong value must not fail over it. */
function textOf(value: unknown): string {
  try {
    return String(value)
  } catch {
    return `an ${typeof value}`
  }
}
