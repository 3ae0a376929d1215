import { InvalidArgumentError } from '../errors.ts'
import { checkBoolean } from '../support/checks.ts'
import { encodeWith } from '../support/codec.ts'
import { type OptionTable, duration, oneOf, resolveOptions } from '../support/option-table.ts'
import type { OwnerCommand } from './decide.ts'
import { CheckpointTooLargeError, CompletionUnconfirmedError, ResultTooLargeError } from './errors.ts'
import type { FailureOptions, ReleaseOptions, SuccessOptions } from './execution-context.ts'
import type { ResolvedOptions } from './options.ts'
import type { StoredResult } from './record.ts'
import { MAX_TEXT_BYTES, messageOf, storeError, truncateUtf8 } from './stored-error.ts'

/*
 * What an owner has to store, checked and encoded. Mistakes are thrown here, before anything is sent.
 */

export type CommandOf<T extends OwnerCommand['type']> = Extract<OwnerCommand, { readonly type: T }>

/**
 * `npm run docs:examples` reads this table.
 * @public
 */
export const SUCCESS: OptionTable<SuccessOptions, 'omitted'> = { omitted: [oneOf('stream'), undefined] }
/**
 * `npm run docs:examples` reads this table.
 * @public
 */
export const FAILURE: OptionTable<FailureOptions> = {
  final: [checkBoolean, false],
  retryAfterMs: [duration(0), 0],
}
/**
 * `npm run docs:examples` reads this table.
 * @public
 */
export const RELEASE: OptionTable<ReleaseOptions> = { unbind: [checkBoolean, false] }

type ResultOptions = Pick<ResolvedOptions, 'codec' | 'maxResultBytes' | 'onResultTooLarge' | 'references'>

/** A promise while `references.save` keeps the result elsewhere. */
export function completeCommand(
  executionId: string,
  result: unknown,
  options: SuccessOptions | undefined,
  resolved: ResolvedOptions,
): CommandOf<'complete'> | Promise<CommandOf<'complete'>> {
  const omitted = options === undefined ? undefined : resolveOptions(SUCCESS, options).omitted
  if (omitted !== undefined) {
    return { type: 'complete', executionId, result: { kind: 'omitted', reason: omitted } }
  }
  const stored = storeResult(result, resolved, executionId)
  if (!(stored instanceof Promise)) return { type: 'complete', executionId, result: stored }
  return stored.then((reference) => ({ type: 'complete', executionId, result: reference }))
}

export function failCommand(
  executionId: string,
  error: unknown,
  options: FailureOptions | undefined,
  { classifyError, maxStackBytes }: ResolvedOptions,
): CommandOf<'fail'> {
  const { final = false, retryAfterMs } =
    options === undefined ? classified(error, classifyError) : checkFailureOptions(options)
  return { type: 'fail', executionId, error: storeError(error, maxStackBytes), final, retryAfterMs }
}

export function releaseCommand(executionId: string, options: ReleaseOptions): CommandOf<'release'> {
  return { type: 'release', executionId, ...resolveOptions(RELEASE, options) }
}

/** `retryAfterMs` stays as it was given, and undefined where it was not. */
function checkFailureOptions(options: FailureOptions): FailureOptions {
  resolveOptions(FAILURE, options)
  return options
}

/** What the job says that an error means. A classifier that fails must not keep the failure from being recorded. */
function classified(error: unknown, classify: ResolvedOptions['classifyError']): FailureOptions {
  try {
    return checkFailureOptions(classify?.(error) ?? {})
  } catch {
    return {}
  }
}

/**
 * Encodes a result and applies the overflow policy, before success is declared. A result that cannot be encoded becomes a
 * tombstone with the codec's message: the job did succeed, and running it again would repeat its effects. With the policy
 * `throw` it throws ResultTooLargeError or what the codec threw. When `references.save` fails, or returns no string, the
 * success is unconfirmed.
 */
function storeResult(
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
    return { kind: 'omitted', reason: 'unserializable', why: truncateUtf8(messageOf(error), MAX_TEXT_BYTES) }
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
    `references.save must resolve to a string, by which references.load finds the result; it resolved to ${reference === null ? 'null' : typeof reference}.`,
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

/** @throws what the codec throws, and CheckpointTooLargeError */
export function storeCheckpoint(
  value: unknown,
  { codec, maxCheckpointBytes }: Pick<ResolvedOptions, 'codec' | 'maxCheckpointBytes'>,
): string {
  const data = encodeWith(codec, value, 'checkpoint')
  const bytes = Buffer.byteLength(data)
  if (bytes > maxCheckpointBytes) throw new CheckpointTooLargeError(bytes, maxCheckpointBytes)
  return data
}
