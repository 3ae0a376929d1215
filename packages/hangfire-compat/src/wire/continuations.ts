import { HangfireUnreadableError } from '../errors.ts'
import { InvalidArgumentError } from '@holdfast/core'
import { isNumber, itemsOf, type Json, membersOf, parseJson } from './json.ts'
import { checkText } from './fields.ts'

/** After which end of its parent a job starts. */
export type ContinueOn = 'any' | 'succeeded' | 'deleted' | 'succeeded or deleted'

/** A job that waits for another one, as its parent lists it. */
export interface Continuation {
  readonly jobId: string
  readonly on: ContinueOn
}

/** By Hangfire's flags. */
const OPTIONS: readonly ContinueOn[] = ['any', 'succeeded', 'deleted', 'succeeded or deleted']
const NAMES: readonly string[] = ['OnAnyFinishedState', 'OnlyOnSucceededState', 'OnlyOnDeletedState']

/** The parameter `Continuations` of a parent. Zero is not written, and means any end. */
export function encodeContinuations(continuations: readonly Continuation[]): string {
  return `[${continuations.map(encodeContinuation).join(',')}]`
}

/**
 * The list with one more at its end; what is in it stays as it was written.
 *
 * @param list '' for none
 * @throws HangfireUnreadableError
 */
export function addContinuation(list: string, continuation: Continuation): string {
  if (list === '') return encodeContinuations([continuation])
  const comma = decodeContinuations(list).length === 0 ? '' : ','
  const end = list.lastIndexOf(']')
  return `${list.slice(0, end)}${comma}${encodeContinuation(continuation)}${list.slice(end)}`
}

function encodeContinuation({ jobId, on }: Continuation): string {
  const options = optionsOf(on)
  return JSON.stringify({ JobId: checkText('jobId', jobId), ...(options === 0 ? {} : { Options: options }) })
}

/** @throws HangfireUnreadableError */
export function decodeContinuations(text: string): readonly Continuation[] {
  const items = itemsOf(parseJson(text))
  const decoded = items?.map((item) => {
    const members = membersOf(item)
    const [jobId, on] = [members?.get('JobId'), continueOnOf(members?.get('Options') ?? { digits: '0' })]
    return typeof jobId === 'string' && on !== undefined ? { jobId, on } : undefined
  })
  if (decoded === undefined || decoded.includes(undefined))
    throw new HangfireUnreadableError(
      'Continuations of the job',
      text,
      'a list of job ids with their options',
    )
  return decoded.filter((each) => each !== undefined)
}

/** Hangfire's number. */
export function optionsOf(on: ContinueOn): number {
  const options = OPTIONS.indexOf(on)
  if (options >= 0) return options
  throw new InvalidArgumentError(
    `on must be ${OPTIONS.map((each) => `'${each}'`).join(', ')}; got ${String(on)}.`,
  )
}

/** Hangfire's word for it, which level 110 writes. Both together have no word, so it is the number. */
export function optionsNameOf(on: ContinueOn): string {
  const options = optionsOf(on)
  return NAMES[options] ?? String(options)
}

/** From a number, its digits in a text, or Hangfire's words. */
export function continueOnOf(options: Json): ContinueOn | undefined {
  const text =
    typeof options === 'string' ? options : options !== null && isNumber(options) ? options.digits : ''
  if (/^\d$/.test(text)) return OPTIONS[Number(text)]
  // Flags may be combined: `OnlyOnSucceededState, OnlyOnDeletedState`.
  const flags = text.split(',').map((word) => NAMES.indexOf(word.trim()))
  return flags.includes(-1) ? undefined : OPTIONS[flags.reduce((all, flag) => all | flag, 0)]
}
