import { InvalidArgumentError } from '../errors.ts'

/** Longest duration anywhere: about 1,000 days, far below what clocks and storages can represent. */
const LONGEST_MS = 86_400_000_000

/** Milliseconds within bounds, rounded up to a whole number. A `max` of Infinity allows that too. */
export function checkDuration(name: string, value: number, min: number, max: number = LONGEST_MS): number {
  const longest = Math.min(max, LONGEST_MS)
  return Math.ceil(checkRange(name, value, 'a number of milliseconds', min, longest, max === Infinity))
}

export function checkNumber(name: string, value: number, min: number, max: number): number {
  return checkRange(name, value, 'a number', min, max)
}

/** A whole number within bounds. A `max` of Infinity allows that too. */
export function checkInteger(
  name: string,
  value: number,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  const largest = Math.min(max, Number.MAX_SAFE_INTEGER)
  const whole = Number.isInteger(value) || value === Infinity ? value : NaN
  return checkRange(name, whole, 'a whole number', min, largest, max === Infinity, value)
}

/**
 * The value, if it is one of these words.
 * @throws InvalidArgumentError, which names them
 */
export function checkOneOf<T extends string>(name: string, value: T, allowed: readonly T[]): T {
  if (allowed.includes(value)) return value
  const quoted = allowed.map((each) => `'${each}'`)
  const last = quoted.pop()
  return refuse(name, value, quoted.length === 0 ? `${last}` : `${quoted.join(', ')} or ${last}`)
}

const MAX_NAME_BYTES = 1_024

/** A name that people and storages can read: not empty, at most 1,024 bytes, valid Unicode, no control characters. */
export function checkName(name: string, value: string): string {
  if (typeof value !== 'string' || value === '') return refuse(name, value, 'a non-empty string')
  // A short string cannot be too long in UTF-8: no need to count.
  const bytes = value.length * 3 <= MAX_NAME_BYTES ? 0 : Buffer.byteLength(value)
  if (bytes > MAX_NAME_BYTES) {
    throw new InvalidArgumentError(
      `${name} takes ${bytes} bytes; at most ${MAX_NAME_BYTES} are allowed. Use a hash of it instead.`,
    )
  }
  if (/\p{Cc}/u.test(value) || !value.isWellFormed())
    return refuse(name, value, 'a string without control characters and unpaired surrogates')
  return value
}

/**
 * The value, if it is a string.
 * @throws InvalidArgumentError
 */
export function checkString(name: string, value: string): string {
  return typeof value === 'string' ? value : refuse(name, value, 'a string')
}

/** Not a string such as `'false'`, which would count as true. */
export function checkBoolean(name: string, value: boolean): boolean {
  return typeof value === 'boolean' ? value : refuse(name, value, 'true or false')
}

/**
 * The value, if it is a function.
 * @throws InvalidArgumentError
 */
export function checkFunction<T>(name: string, value: T): T {
  return typeof value === 'function' ? value : refuse(name, value, 'a function')
}

/** For a function whose result is needed at once: a promise would count as none of its results. */
export function checkSynchronous<T>(name: string, value: T): T {
  if (Object.prototype.toString.call(checkFunction(name, value)) === '[object AsyncFunction]')
    throw new InvalidArgumentError(`${name} must not be async: its result is needed at once.`)
  return value
}

/** An `AbortSignal` of any realm or polyfill: a wrong one would only fail where no caller can catch it. */
export function checkSignal(name: string, value: AbortSignal): AbortSignal {
  return typeof (value as Partial<AbortSignal> | null)?.aborted === 'boolean' &&
    typeof value.addEventListener === 'function' &&
    typeof value.removeEventListener === 'function'
    ? value
    : refuse(name, value, 'an AbortSignal')
}

/**
 * The value, if it is an object.
 * @throws InvalidArgumentError
 */
export function checkObject<T extends object>(name: string, value: T): T {
  return typeof value === 'object' && value !== null ? value : refuse(name, value, 'an object')
}

/** Not an instance of a class, an array or a map, which have something else in mind than their properties. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

/** @throws InvalidArgumentError that says what is wanted, and what came instead */
export function refuse(name: string, value: unknown, wanted: string): never {
  throw new InvalidArgumentError(`${name} must be ${wanted}; got ${show(value)}.`)
}

function checkRange(
  name: string,
  value: number,
  wanted: string,
  min: number,
  max: number,
  orInfinity: boolean = false,
  given: unknown = value,
): number {
  if (typeof value === 'number' && ((value >= min && value <= max) || (orInfinity && value === Infinity)))
    return value
  return refuse(name, given, `${wanted} from ${min} to ${max}${orInfinity ? ', or Infinity' : ''}`)
}

/** What a value is, in few words. Not every object can say it: a message about a wrong value must not fail over it. */
function show(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  if (typeof value === 'function') return 'a function'
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
