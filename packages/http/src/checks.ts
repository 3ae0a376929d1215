import { InvalidArgumentError } from '@holdfast/core'

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

/**
 * The names of all the options of `T`, and of nothing else: the compiler says when one is missing here. `others` are
 * those that they extend.
 */
/* @__NO_SIDE_EFFECTS__ */ export function optionNames<T>(
  names: { readonly [Name in keyof T]-?: true },
  others: Iterable<string> = [],
): ReadonlySet<string> {
  return new Set([...Object.keys(names), ...others])
}

/**
 * An object, its members may be read, and each is one of `names`. Who calls without the types may pass null, or an
 * option whose name is not quite right: ignored, it would change what happens without a word. A member that is
 * undefined counts as absent.
 */
export function checkOptions<T extends object>(options: T, names: ReadonlySet<string>): T {
  // A loop, and nothing made: calls come with options by the thousand.
  for (const name in checkObject(options)) if (!names.has(name)) refuseUnknown(options, name, names)
  return options
}

/** @throws InvalidArgumentError when it is null, or no object at all. */
function checkObject<T extends object>(options: T): T {
  if (typeof options !== 'object' || options === null) {
    const given = typeof options === 'string' ? JSON.stringify(options) : String(options as unknown)
    throw new InvalidArgumentError(`The options must be an object, not ${given.slice(0, 80)}.`)
  }
  return options
}

/** Throws unless the member is undefined, or one that all objects have been given. */
function refuseUnknown(options: object, name: string, names: ReadonlySet<string>): void {
  if (name in Object.prototype || (options as Record<string, unknown>)[name] === undefined) return
  const [nearest] = [...names]
    .map((known) => ({ known, edits: distance(name.toLowerCase(), known.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits)
  const isNear = nearest !== undefined && nearest.edits <= Math.max(2, name.length / 2)
  const hint = isNear ? `did you mean ${nearest.known}?` : `there is ${[...names].join(', ')}.`
  throw new InvalidArgumentError(`${name.slice(0, 80)} is no option here; ${hint}`)
}

/** How many letters have to be added, dropped or replaced to make one of the other. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}
