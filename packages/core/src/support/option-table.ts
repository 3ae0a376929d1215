import { InvalidArgumentError } from '../errors.ts'
import { checkDuration, checkFunction, checkInteger, checkObject, checkOneOf } from './checks.ts'

/** Returns the value that counts for one that was given, or throws what is wanted and what came. */
export type Check<T> = (name: string, value: T) => T

/**
 * All options of `T`, and nothing else: for each its check, and its default. `Open` names the optional ones that have no
 * default; a mandatory one has none either. What each means is in the doc comment of the interface, where the editor
 * shows it; `npm run docs:examples` makes the tables of the documents of both.
 */
export type OptionTable<T, Open extends keyof T = never> = {
  readonly [Name in keyof T]-?: object extends Pick<T, Name>
    ? Name extends Open
      ? readonly [check: Check<Exclude<T[Name], undefined>>, none: undefined]
      : readonly [check: Check<Exclude<T[Name], undefined>>, standard: Exclude<T[Name], undefined>]
    : readonly [check: Check<T[Name]>]
}

/** The options of `T`, checked, with every default in place. */
export type Resolved<T, Open extends keyof T = never> = {
  readonly [Name in keyof T]-?: Name extends Open ? T[Name] | undefined : Exclude<T[Name], undefined>
}

type Entries = Readonly<Record<string, readonly [check: Check<unknown>, standard?: unknown]>>

/**
 * The options over those that count without them: `base`, or else the defaults of the table. A member that is undefined
 * counts as absent; an unknown one would change what happens without a word, so it is refused. `path` is what an option
 * is called in messages: `durability.` for those within `durability`.
 *
 * @throws InvalidArgumentError
 */
export function resolveOptions<T extends object, Open extends keyof T>(
  table: OptionTable<T, Open>,
  options: { readonly [Name in keyof T]?: T[Name] | undefined },
  base?: Resolved<T, Open>,
  path: string = '',
): Resolved<T, Open> {
  const entries = table as unknown as Entries
  const given = checkObject(path === '' ? 'The options' : path.slice(0, -1), options) as Record<
    string,
    unknown
  >
  const resolved: Record<string, unknown> = { ...(base ?? defaultsOf(entries)) }
  // One loop, and nothing made: calls come with options by the thousand.
  for (const name in given) {
    const value = given[name]
    if (value === undefined) continue
    const entry = Object.hasOwn(entries, name) ? entries[name] : undefined
    if (entry !== undefined) resolved[name] = entry[0](path + name, value)
    // A member that all objects have says nothing about options.
    else if (!(name in Object.prototype)) throw unknownOption(name, Object.keys(entries), path)
  }
  if (base === undefined) {
    for (const name in entries) if (!(name in resolved)) entries[name]?.[0](path + name, undefined)
  }
  return resolved as Resolved<T, Open>
}

function defaultsOf(entries: Entries): object {
  const defaults: Record<string, unknown> = {}
  for (const name in entries) {
    const entry = entries[name]
    if (entry !== undefined && entry.length === 2) [, defaults[name]] = entry
  }
  return defaults
}

/** What says that there is no such option, and which one may have been meant. */
function unknownOption(name: string, known: readonly string[], path: string): InvalidArgumentError {
  const [nearest] = known
    .map((each) => ({ each, edits: distance(name.toLowerCase(), each.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits)
  const isNear = nearest !== undefined && nearest.edits <= Math.max(2, name.length / 2)
  const hint = isNear
    ? `did you mean \`${path}${nearest.each}\`?`
    : `the options are ${known.map((each) => `\`${path}${each}\``).join(', ')}.`
  return new InvalidArgumentError(`Unknown option \`${path}${name.slice(0, 80)}\`; ${hint}`)
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

/** A table without the options that another decides. */
/* @__NO_SIDE_EFFECTS__ */ export function without<T, Open extends keyof T, Name extends keyof T>(
  table: OptionTable<T, Open>,
  ...names: readonly Name[]
): OptionTable<Omit<T, Name>, Exclude<Open, Name>> {
  const rest = { ...table } as Partial<OptionTable<T, Open>>
  for (const name of names) delete rest[name]
  return rest as unknown as OptionTable<Omit<T, Name>, Exclude<Open, Name>>
}

// What an option may be: the checks of a table.

/** Milliseconds, as {@link checkDuration} takes them. */
/* @__NO_SIDE_EFFECTS__ */ export function duration(min: number, max?: number): Check<number> {
  return (name, value) => checkDuration(name, value, min, max)
}

/** A whole number from `min` to `max`. */
/* @__NO_SIDE_EFFECTS__ */ export function integer(min: number, max?: number): Check<number> {
  return (name, value) => checkInteger(name, value, min, max)
}

/** One of these words. */
/* @__NO_SIDE_EFFECTS__ */ export function oneOf<T extends string>(...allowed: readonly T[]): Check<T> {
  return (name, value) => checkOneOf(name, value, allowed)
}

/** Options within an option. */
/* @__NO_SIDE_EFFECTS__ */ export function nested<T extends object, Open extends keyof T>(
  table: OptionTable<T, Open>,
): Check<T> {
  return (name, value) => resolveOptions(table, value, undefined, `${name}.`) as T
}

/** An object that has these methods. */
/* @__NO_SIDE_EFFECTS__ */ export function withMethods<T extends object>(
  ...methods: readonly (keyof T & string)[]
): Check<T> {
  return (name, value) => {
    for (const method of methods) checkFunction(`${name}.${method}`, checkObject(name, value)[method])
    return value
  }
}

/** Checked where it is used, if at all. */
export function anything<T>(_name: string, value: T): T {
  return value
}
