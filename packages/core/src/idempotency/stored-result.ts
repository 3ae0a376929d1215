import { ResultTooLargeError } from './errors.ts'
import type { ResolvedOptions } from './options.ts'
import type { StoredResult } from './record.ts'

type ResultOptions = Pick<ResolvedOptions, 'codec' | 'maxResultBytes' | 'onResultTooLarge' | 'references'>

/**
 * Encodes a result and applies the overflow policy, before success is declared. What cannot be encoded is kept as a
 * tombstone: the job did succeed, and running it again would repeat its effects. @throws ResultTooLargeError
 */
export async function storeResult(result: unknown, options: ResultOptions): Promise<StoredResult> {
  const { codec, maxResultBytes, onResultTooLarge, references } = options
  let data: string
  try {
    data = codec.encode(result)
  } catch (error) {
    if (onResultTooLarge === 'throw') throw error
    return { kind: 'omitted', reason: 'unserializable' }
  }
  // Text of n characters takes n to 3n bytes: count only when that leaves a doubt.
  const bytes = data.length * 3 <= maxResultBytes ? 0 : Buffer.byteLength(data)
  if (bytes <= maxResultBytes) return { kind: 'value', data }
  switch (onResultTooLarge) {
    case 'throw':
      throw new ResultTooLargeError(bytes, maxResultBytes)
    case 'reference':
      return { kind: 'reference', data: codec.encode(await references?.save(result)) }
    case 'tombstone':
      return { kind: 'omitted', reason: 'too-large', bytes }
  }
}

/** The result as the execution returned it. Call only for what was kept. */
export async function loadResult(
  stored: StoredResult & { readonly data: string },
  options: ResultOptions,
): Promise<unknown> {
  const value = options.codec.decode(stored.data)
  if (stored.kind === 'value') return value
  if (options.references === undefined) {
    throw new TypeError('The result was stored by reference; give references: { save, load } to replay it.')
  }
  return options.references.load(String(value))
}
