import { InvalidArgumentError } from '../errors.ts'
import type { FieldValue } from '../storage/hashes.ts'
import { checkName, isPlainObject, refuse } from '../support/checks.ts'
import { encodeData } from './compressed-codec.ts'
import type { Namespace } from './engine.ts'
import { type LifeOptions, lifeOf } from './life.ts'

export type HashSetOptions = LifeOptions

interface Hashes {
  hashSet(key: string, field: string, value: unknown, options?: HashSetOptions): Promise<void>
  hashSet(key: string, fields: Readonly<Record<string, unknown>>, options?: HashSetOptions): Promise<void>
  hashGet<T>(key: string, field: string): Promise<T | undefined>
  hashGetAll<T>(key: string): Promise<Record<string, T>>
  hashDelete(key: string, fields: string | readonly string[]): Promise<number>
}

/** The hashes of a cache: each value of a field goes through the codec. */
export function hashesOf(space: Namespace): Hashes {
  const { scope, engine, policy } = space
  const { gate } = engine
  const { hashes } = gate.values

  const set = async (
    key: string,
    fields: readonly (readonly [field: string, value: unknown])[],
    options: HashSetOptions,
  ): Promise<void> => {
    const hash = scope.entryKey(key)
    const life = lifeOf(space, options)
    const encoded = fields.map(([field, value]): FieldValue => [field, encodeField(policy, field, value)])
    checkSize(encoded, policy.maxValueBytes)
    if (encoded.length === 0) return
    await gate.claim((notAfter) => hashes.set(hash, encoded, life, notAfter), {
      tooLate: 'The fields reached the storage of the cache too late to be set.',
    })
  }

  /** What cannot be read is none, as it is a miss elsewhere. */
  const decode = (key: string, text: string | null | undefined): { readonly value: unknown } | undefined => {
    if (typeof text !== 'string') return undefined
    try {
      return { value: decodeField(policy, text) }
    } catch (error) {
      space.count('unreadable')
      space.publish(() => ({ key, type: 'unreadable', error }))
      return undefined
    }
  }

  return {
    async hashSet(key: string, fields: unknown, ...rest: readonly unknown[]) {
      const isOne = typeof fields === 'string'
      const options = (isOne ? rest[1] : rest[0]) as HashSetOptions | undefined
      await set(key, isOne ? [[checkName('field', fields), rest[0]]] : entriesOf(fields), options ?? {})
    },
    async hashGet<T>(key: string, field: string) {
      const hash = scope.entryKey(key)
      const fields = [checkName('field', field)]
      const [text] = await gate.call(() => hashes.get(hash, fields))
      return decode(key, text)?.value as T | undefined
    },
    async hashGetAll<T>(key: string) {
      const hash = scope.entryKey(key)
      const stored = await gate.call(() => hashes.getAll(hash))
      const fields = stored.flatMap(([field, text]) => {
        const decoded = decode(key, text)
        return decoded === undefined ? [] : [[field, decoded.value as T] as const]
      })
      // It defines its fields, so that "__proto__" stays data.
      return Object.fromEntries(fields)
    },
    async hashDelete(key, fields) {
      const hash = scope.entryKey(key)
      const names = typeof fields === 'string' ? [fields] : checkList(fields)
      for (const name of names) checkName('field', name)
      return names.length === 0 ? 0 : await gate.call(() => hashes.delete(hash, names))
    },
  }
}

function checkList(fields: readonly string[]): readonly string[] {
  return Array.isArray(fields) ? fields : refuse('fields', fields, 'a field or an array of fields')
}

function entriesOf(fields: unknown): readonly (readonly [string, unknown])[] {
  if (!isPlainObject(fields))
    return refuse('fields', fields, 'the name of a field, or a plain object of fields')
  const entries = Object.entries(fields)
  for (const [field] of entries) checkName('field', field)
  return entries
}

/** Fields are text. Where a codec may give bytes, one character more says which it was; bytes are in base64. */
const TEXT = 'T'
const BYTES = 'B'

function encodeField({ codec }: Namespace['policy'], field: string, value: unknown): string {
  if (value === undefined)
    throw new InvalidArgumentError(
      `The field ${JSON.stringify(field)} is undefined, which cannot be stored because it means that there is none; ` +
        'store null instead, or delete the field.',
    )
  const data = encodeData(codec, value, field)
  if (codec.bytes !== true && typeof data === 'string') return data
  return typeof data === 'string' ? TEXT + data : BYTES + Buffer.from(data).toString('base64')
}

function decodeField({ codec }: Namespace['policy'], text: string): unknown {
  if (codec.bytes !== true) return codec.decode(text)
  const data = text.slice(1)
  if (text.startsWith(TEXT)) return codec.decode(data)
  if (text.startsWith(BYTES)) return codec.decode(Buffer.from(data, 'base64'))
  throw new TypeError('The field was stored by another codec.')
}

function checkSize(fields: readonly FieldValue[], most: number): void {
  const bytes = fields.reduce((sum, [, value]) => sum + Buffer.byteLength(value), 0)
  if (bytes <= most) return
  throw new InvalidArgumentError(
    `The fields take ${bytes} bytes; at most ${most} are allowed (maxValueBytes). Set fewer at a time, or raise it.`,
  )
}
