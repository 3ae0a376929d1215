/**
 * JSON with the digits of its numbers kept: .NET writes 64-bit integers and decimals as bare digits, and JavaScript's own
 * parser would round them.
 */
import { InvalidArgumentError } from '@holdfast/core'
import { parseIso } from './dates.ts'

/** A JSON value as it was written. Objects are maps: a key such as `__proto__` is a key like any other. */
export type Json = null | boolean | string | JsonNumber | readonly Json[] | ReadonlyMap<string, Json>

export interface JsonNumber {
  readonly digits: string
}

/** The value, or undefined when the text is no JSON. */
export function parseJson(text: string): Json | undefined {
  // Numbers become strings that begin with n, and strings begin with s: then the platform's parser does the rest.
  const marked = text.replace(TOKEN, (token) =>
    token.startsWith('"') ? `"s${token.slice(1)}` : `"n${token}"`,
  )
  try {
    return unmark(JSON.parse(marked))
  } catch {
    return undefined
  }
}

/**
 * The value as a program works with it: objects without `$type`, `{ $values }` as the array that it stands for, names of
 * members without .NET's `<…>k__BackingField`, whole numbers beyond 2^53 as bigint.
 */
export function toPlain(json: Json): unknown {
  if (isList(json)) return json.map(toPlain)
  if (isObject(json)) {
    const values = json.get('$values')
    if (values !== undefined && isList(values)) return values.map(toPlain)
    return Object.fromEntries(
      [...json].flatMap(([name, value]) => (name === '$type' ? [] : [[memberName(name), toPlain(value)]])),
    )
  }
  return isNumber(json) ? toNumber(json.digits) : json
}

/** The members of an object under the names of .NET's properties, or undefined when it is none. */
export function membersOf(json: Json | undefined): ReadonlyMap<string, Json> | undefined {
  if (json === undefined || !isObject(json)) return undefined
  return new Map(Array.from(json, ([name, value]) => [memberName(name), value]))
}

/** The items of an array, also of one that .NET wrapped with its type, or undefined when it is none. */
export function itemsOf(json: Json | undefined): readonly Json[] | undefined {
  if (json === undefined) return undefined
  if (isList(json)) return json
  const values = isObject(json) ? json.get('$values') : undefined
  return values !== undefined && isList(values) ? values : undefined
}

export function isNumber(json: Json): json is JsonNumber {
  return typeof json === 'object' && json !== null && 'digits' in json
}

/** Far more than .NET reads, and less than the stack of JavaScript holds. */
const DEEPEST = 1_000

/**
 * JSON of a value as Newtonsoft.Json reads it back: bigint as bare digits, dates in ISO 8601 with Z, bytes in Base64. A `$type`
 * that the value has is left out: .NET decides by the parameter which type it makes.
 *
 * @param name what messages call the value
 * @throws InvalidArgumentError for what JSON or .NET cannot carry
 */
export function encodeJson(name: string, value: unknown, within: readonly object[] = []): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return JSON.stringify(value)
    throw new InvalidArgumentError(
      `${name} is ${value}, which JSON cannot carry: pass null or a finite number.`,
    )
  }
  if (typeof value !== 'object')
    throw new InvalidArgumentError(
      `${name} is ${value === undefined ? 'undefined' : `a ${typeof value}`}, which JSON cannot carry: pass null or a value.`,
    )
  if (within.includes(value)) throw new InvalidArgumentError(`${name} contains itself; pass a tree.`)
  if (within.length >= DEEPEST)
    throw new InvalidArgumentError(
      `What holds ${name.slice(0, 80)}… is nested deeper than ${DEEPEST} levels.`,
    )
  if (value instanceof Date) return JSON.stringify(isoDate(name, value))
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('base64'))
  const path = [...within, value]
  if (Array.isArray(value))
    return `[${value.map((item, i) => encodeJson(`${name}[${i}]`, item, path)).join(',')}]`
  if (hasToJson(value)) return encodeJson(name, value.toJSON(), path)
  if (value instanceof Map || value instanceof Set)
    throw new InvalidArgumentError(
      `${name} is a Map or Set, which JSON cannot carry: pass an object or array.`,
    )
  const members = Object.entries(value).filter(([key, member]) => member !== undefined && key !== '$type')
  return `{${members.map(([key, member]) => `${memberKey(name, key)}:${encodeJson(`${name}.${key}`, member, path)}`).join(',')}}`
}

/** ISO 8601 in UTC with as many digits as needed, as Newtonsoft.Json writes a `DateTime` of kind Utc. */
export function isoDate(name: string, date: Date): string {
  if (!(date instanceof Date)) throw new InvalidArgumentError(`${name} must be a Date; got a ${typeof date}.`)
  const text = Number.isNaN(date.getTime()) ? '' : date.toISOString()
  if (parseIso(text) === undefined || text.startsWith('0000'))
    throw new InvalidArgumentError(`${name} must be a valid Date from the year 1 to the year 9999.`)
  return text.replace(/(\.\d*?)0*Z$/, (_, fraction: string) => (fraction === '.' ? 'Z' : `${fraction}Z`))
}

/** A number if it holds the value exactly, else a bigint for a whole number. Fractions are rounded as JavaScript does. */
function toNumber(digits: string): number | bigint {
  const value = Number(digits)
  return /^-?\d+$/.test(digits) && !Number.isSafeInteger(value) ? BigInt(digits) : value
}

const TOKEN = /"(?:[^"\\]|\\.)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/g

function unmark(value: unknown): Json {
  if (typeof value === 'string') return value.startsWith('n') ? { digits: value.slice(1) } : value.slice(1)
  if (typeof value !== 'object' || value === null) return value as boolean | null
  if (Array.isArray(value)) return value.map(unmark)
  return new Map(Object.entries(value).map(([name, member]) => [name.slice(1), unmark(member)]))
}

function isObject(json: Json): json is ReadonlyMap<string, Json> {
  return json instanceof Map
}

function isList(json: Json): json is readonly Json[] {
  return Array.isArray(json)
}

function memberName(name: string): string {
  return /^<(.+)>k__BackingField$/.exec(name)?.[1] ?? name
}

function memberKey(name: string, key: string): string {
  // Newtonsoft.Json would take them for its own.
  if (key === '$values' || key === '$id' || key === '$ref')
    throw new InvalidArgumentError(`${name} has a member ${key}, which .NET reads as metadata: rename it.`)
  return JSON.stringify(key)
}

function hasToJson(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function'
}
