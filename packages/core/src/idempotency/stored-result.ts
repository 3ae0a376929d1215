import { encodeWith } from '../support/codec.ts'
import { InvalidArgumentError } from '../errors.ts'
import { MAX_NOTE_BYTES, clip } from './clip.ts'
import { CompletionUnconfirmedError, ResultTooLargeError } from './errors.ts'
import type { ResolvedOptions } from './options.ts'
import type { StoredResult } from './record.ts'
import { messageOf } from './stored-error.ts'

type ResultOptions = Pick<ResolvedOptions, 'codec' | 'maxResultBytes' | 'onResultTooLarge' | 'references'>

/**
 * Encodes a result and applies the overflow policy, before success is declared. What cannot be encoded is kept as a
 * tombstone that tells what the codec said: the job did succeed, and running it again would repeat its effects. With
 * the policy `throw` it throws ResultTooLargeError or what the codec threw; when `references.save` fails, or gives no
 * string, that is a success nobody could record.
 */
export function storeResult(
  result: unknown,
  options: ResultOptions,
  executionId: string,
): StoredResult | Promise<StoredResult> {
  const { codec, maxResultBytes, onResultTooLarge } = options
  let data: string
  try {
    data = encodeWith(codec, result, 'result')
  } catch (error) {
    if (onResultTooLarge === 'throw') throw error
    return { kind: 'omitted', reason: 'unserializable', why: clip(messageOf(error), MAX_NOTE_BYTES) }
  }
  // Text of n characters takes n to 3n bytes: count only when that leaves a doubt.
  const bytes = data.length * 3 <= maxResultBytes ? 0 : Buffer.byteLength(data)
  if (bytes <= maxResultBytes) return { kind: 'value', data }
  switch (onResultTooLarge) {
    case 'throw':
      throw new ResultTooLargeError(bytes, maxResultBytes)
    case 'reference':
      return saveElsewhere(result, options, executionId)
    case 'tombstone':
      return { kind: 'omitted', reason: 'too-large', bytes }
  }
}

async function saveElsewhere(
  result: unknown,
  { codec, references }: ResultOptions,
  executionId: string,
): Promise<StoredResult> {
  try {
    const reference: unknown = await references?.save(result)
    return { kind: 'reference', data: encodeWith(codec, checkReference(reference), 'reference') }
  } catch (cause) {
    throw new CompletionUnconfirmedError(executionId, result, { cause })
  }
}

/** Without one the result could never be found again. */
function checkReference(reference: unknown): string {
  if (typeof reference === 'string') return reference
  throw new InvalidArgumentError(
    `references.save must resolve to a string, by which references.load finds the result; it gave ${reference === null ? 'null' : typeof reference}.`,
  )
}

/** What a reference points at; `decoded` is the reference. */
export async function loadReference(decoded: unknown, { references }: ResultOptions): Promise<unknown> {
  if (references === undefined) {
    throw new InvalidArgumentError(
      'The result was stored by reference; give references: { save, load } to replay it.',
    )
  }
  return references.load(decoded as string)
}
