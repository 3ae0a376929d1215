import { createHash } from 'node:crypto'
import { InvalidArgumentError } from '../errors.ts'

/** How fingerprints are made; those that are made in another way cannot be compared with ours. */
const SCHEME = 'v1:sha256:'

export function isComparable(fingerprint: string): boolean {
  return fingerprint.startsWith(SCHEME)
}

/** Nothing, where it is compared with what others bring: a fingerprint that is undefined is not compared. */
export const NO_INPUT: unique symbol = Symbol('no input')

/**
 * A short text that stands for `input`: SHA-256 over canonical JSON (RFC 8785 in spirit: keys sorted, arrays in
 * order), so the order of keys does not matter and everything else does. `Date`s count as their ISO text, bytes as
 * base64. Refuses what JSON cannot say, because two different inputs would then look the same.
 */
export function fingerprintOf(input: unknown): string {
  return `${SCHEME}${createHash('sha256')
    .update(canonical(input, 'fingerprint', 0))
    .digest('base64url')}`
}

/** How many levels deep input may be nested. */
const MAX_DEPTH = 200

function canonical(value: unknown, path: string, depth: number): string {
  if (depth > MAX_DEPTH)
    throw new InvalidArgumentError(`${path.slice(0, 80)}… is nested more than ${MAX_DEPTH} levels deep.`)
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value)
  if ((value === undefined || value === NO_INPUT) && depth === 0) return 'undefined'
  if (typeof value !== 'object') {
    const what = typeof value === 'number' ? `${value}` : `a ${typeof value}`
    throw new InvalidArgumentError(`${path} is ${what}, which has no canonical form; pass plain data.`)
  }
  if (value instanceof Date) return `d${JSON.stringify(value)}`
  if (value instanceof Uint8Array) return `b"${Buffer.from(value).toString('base64')}"`
  if (Array.isArray(value)) {
    return `[${value.map((item, i) => canonical(item ?? null, `${path}[${i}]`, depth + 1)).join(',')}]`
  }
  if (value instanceof Promise) {
    throw new InvalidArgumentError(
      `${path} is a promise, which cannot be compared; pass what it resolves to.`,
    )
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    throw new InvalidArgumentError(`${path} is an instance of ${classOf(value)}; pass plain data.`)
  }
  const members = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => `${JSON.stringify(key)}:${canonical(item, `${path}.${key}`, depth + 1)}`)
  return `{${members.join(',')}}`
}

/** Not every object has a constructor that says so. */
function classOf({ constructor }: { constructor?: unknown }): string {
  return typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'something'
}
