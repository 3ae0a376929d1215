/** Turns results and checkpoints into text and back. `decode(encode(x))` must equal `x`, or `encode` must throw. */
export interface Codec {
  encode(value: unknown): string
  decode(data: string): unknown
}

/**
 * What `codec` makes of the value; `name` is what the value is, for messages. @throws what it throws, and TypeError when
 * that is no text: `JSON.stringify`, taken for a codec, gives undefined for undefined, and an async one gives a promise.
 */
export function encodeWith(codec: Codec, value: unknown, name: string): string {
  // Only our codec receives the name: a user's `encode` function may interpret a second argument.
  const data: unknown = codec === jsonCodec ? encodeJson(value, name) : codec.encode(value)
  if (typeof data === 'string') return data
  throw new TypeError(
    `codec.encode() must return a string, and gave ${data === null ? 'null' : typeof data}.`,
  )
}

/** The tag that marks what plain JSON cannot say; an object that has it as its own key is escaped with it. */
const TAG = '$holdfast'

/**
 * JSON that keeps what it accepts: beyond plain data it carries `undefined`, `NaN` and the infinities, `bigint`,
 * `Date`, bytes (`Uint8Array`, `Buffer`), `Map` and `Set`. What it could not restore unchanged (functions, symbols,
 * instances of classes, holes, cycles, more than 500 levels) it refuses with a `TypeError` that names the place.
 */
export const jsonCodec: Codec = {
  encode: (value) => encodeJson(value, 'value'),
  decode: (data) => (data.includes(TAG) ? unpack(JSON.parse(data)) : JSON.parse(data)),
}

const { decode: ownDecode } = jsonCodec

/** Whether what `codec` makes of `data` is what JSON makes of it. A test may have put another `decode` there. */
export function isJsonOnly(codec: Pick<Codec, 'decode'>, data: unknown): data is string {
  return codec === jsonCodec && codec.decode === ownDecode && typeof data === 'string' && !data.includes(TAG)
}

/** V8 copies an object with more keys more slowly than JSON makes one. */
const MOST_KEYS = 100

/** Of what `JSON.parse` has made. Undefined: it has more than 100 levels, or keys in one object, and JSON makes it again sooner. */
export function copyOfJson(value: unknown, depth: number = 0): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth > PLAIN_DEPTH) return undefined
  if (Array.isArray(value)) {
    const list: unknown[] = value.slice()
    for (let i = 0; i < list.length; i += 1) {
      const item = list[i]
      if (typeof item !== 'object' || item === null) continue
      if ((list[i] = copyOfJson(item, depth + 1)) === undefined) return undefined
    }
    return list
  }
  const keys = Object.keys(value)
  if (keys.length > MOST_KEYS) return undefined
  // A spread defines what it copies, so that "__proto__" stays data.
  const copy: Record<string, unknown> = { ...value }
  for (const key of keys) {
    const item = copy[key]
    if (typeof item !== 'object' || item === null) continue
    if ((copy[key] = copyOfJson(item, depth + 1)) === undefined) return undefined
  }
  return copy
}

function encodeJson(value: unknown, name: string): string {
  return JSON.stringify(isPlain(value, 0) ? value : pack(value, name, []))
}

/** Deeper than this, a cycle is suspected, and the careful way is taken. */
const PLAIN_DEPTH = 100

/** Deeper than this, a value is refused before the stack is used up, here or where it is read. */
const MOST_LEVELS = 500

/** Whether JSON says all of it as it is: nearly always, and then nothing has to be copied. */
function isPlain(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
    case 'object':
      return value === null || isPlainObject(value, depth)
    case 'undefined':
    case 'bigint':
    case 'function':
    case 'symbol':
      return false
  }
}

function isPlainObject(value: object, depth: number): boolean {
  if (depth > PLAIN_DEPTH) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  if (Array.isArray(value)) {
    // Holes and extra properties change the number of keys.
    if (prototype !== Array.prototype || Reflect.ownKeys(value).length !== value.length + 1) return false
    // By index, because undefined is something else than null. Texts without a call: most values are texts.
    for (let i = 0; i < value.length; i += 1) {
      const item: unknown = value[i]
      if (typeof item !== 'string' && !isPlain(item, depth + 1)) return false
    }
    return true
  }
  if (prototype !== Object.prototype && prototype !== null) return false
  for (const key of Object.keys(value)) {
    const item = (value as Record<string, unknown>)[key]
    if (key === TAG || (typeof item !== 'string' && !isPlain(item, depth + 1))) return false
  }
  return Object.getOwnPropertySymbols(value).length === 0
}

function pack(value: unknown, path: string, ancestors: readonly object[]): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : tagged('number', Object.is(value, -0) ? '-0' : `${value}`)
    case 'undefined':
      return tagged('undefined', '')
    case 'bigint':
      return tagged('bigint', `${value}`)
    case 'object':
      return value === null ? null : packObject(value, path, ancestors)
    case 'function':
    case 'symbol':
      throw new TypeError(`${path} is a ${typeof value}, which cannot be stored.`)
  }
}

/** Instances of anything derived from these would come back as these. */
const PROTOTYPES = new Set<unknown>(
  [Object, Array, Date, Uint8Array, Buffer, Map, Set].map(({ prototype }): unknown => prototype),
)

function packObject(value: object, path: string, ancestors: readonly object[]): unknown {
  if (ancestors.includes(value)) throw new TypeError(`${path} refers back to itself, which cannot be stored.`)
  if (ancestors.length >= MOST_LEVELS) {
    throw new TypeError(`A value nested more than ${MOST_LEVELS} levels deep cannot be stored.`)
  }
  const prototype = Object.getPrototypeOf(value) as object | null
  if (prototype !== null && !PROTOTYPES.has(prototype)) {
    throw new TypeError(
      `${path} is an instance of ${nameOf(prototype)}, which would come back as something else.`,
    )
  }
  const chain = [...ancestors, value]
  if (Array.isArray(value)) return packArray(value, path, chain)
  if (value instanceof Date) return tagged('date', value.getTime())
  if (value instanceof Uint8Array) {
    return tagged(Buffer.isBuffer(value) ? 'buffer' : 'bytes', Buffer.from(value).toString('base64'))
  }
  if (value instanceof Map) return tagged('map', pack([...value], path, chain))
  if (value instanceof Set) return tagged('set', pack([...value], path, chain))
  const [symbol] = Object.getOwnPropertySymbols(value)
  if (symbol !== undefined) throw unstorable(path, symbol)
  // fromEntries defines own properties, so that "__proto__" stays data.
  const packed = Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, pack(item, `${path}.${key}`, chain)]),
  )
  return Object.hasOwn(value, TAG) ? tagged('object', packed) : packed
}

/** Of a class, by its prototype; a prototype need not be that of a class. */
function nameOf(prototype: object): string {
  const { constructor } = prototype as { readonly constructor?: unknown }
  return typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'something unnamed'
}

function packArray(list: readonly unknown[], path: string, chain: readonly object[]): unknown {
  const packed: unknown[] = []
  for (let i = 0; i < list.length; i += 1) {
    if (!Object.hasOwn(list, i)) throw new TypeError(`${path}[${i}] is a hole, which cannot be stored.`)
    packed.push(pack(list[i], `${path}[${i}]`, chain))
  }
  // After the items, in order, and `length`.
  const extra = Reflect.ownKeys(list).filter((key) => key !== 'length')[list.length]
  if (extra !== undefined) throw unstorable(path, extra)
  return packed
}

function unstorable(path: string, key: string | symbol): TypeError {
  return new TypeError(`${path} has the property ${String(key)}, which cannot be stored.`)
}

function tagged(type: string, data: unknown): Record<string, unknown> {
  return { [TAG]: type, data }
}

function unpack(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(unpack)
  if (!Object.hasOwn(value, TAG)) return unpackEntries(value)
  const { [TAG]: type, data } = value as { [TAG]: string; data: never }
  switch (type) {
    case 'undefined':
      return undefined
    case 'number':
      return Number(data)
    case 'bigint':
      return BigInt(data)
    case 'date':
      // JSON has no NaN: an invalid date lies there as null.
      return new Date(data ?? Number.NaN)
    case 'buffer':
      return Buffer.from(data, 'base64')
    case 'bytes':
      return new Uint8Array(Buffer.from(data, 'base64'))
    case 'map':
      return new Map(unpack(data) as [unknown, unknown][])
    case 'set':
      return new Set(unpack(data) as unknown[])
    case 'object':
      return unpackEntries(data)
    default:
      throw new TypeError(`The stored value has the unknown tag ${type}: it was written by a newer version.`)
  }
}

function unpackEntries(value: object): Record<string, unknown> {
  const entries = Object.entries(value).map(([key, item]) => [key, unpack(item)] as const)
  return Object.fromEntries(entries)
}
