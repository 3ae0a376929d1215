import { InvalidArgumentError } from './errors.ts'

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
export function checkObject<T extends object>(options: T): T {
  if (typeof options !== 'object' || options === null) {
    const given = typeof options === 'string' ? JSON.stringify(options) : String(options as unknown)
    throw new InvalidArgumentError(`The options must be an object, not ${given.slice(0, 80)}.`)
  }
  return options
}

/** Throws unless the member is undefined, or one that all objects have been given. */
export function refuseUnknown(options: object, name: string, names: ReadonlySet<string>): void {
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
