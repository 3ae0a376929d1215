import type { Lockable } from '@holdfast/core/storage'
import type { HangfireContext } from '../storage/context.ts'
import type { KnownJobs } from '../storage/known-jobs.ts'
import type { Fields } from '../wire/fields.ts'
import { type Invocation, decodeInvocationFields } from '../wire/invocation.ts'

/** What every scheduler of a server takes. */
export interface SchedulerOptions {
  /** .NET's locks of the same prefix. */
  readonly locks: Lockable<[resource: string]>
  /** The definitions that this server has handlers for: in a shared prefix nothing else is touched. */
  readonly handled: KnownJobs
  /** What a pass could not do. The next one tries again. */
  readonly onError: (error: unknown) => void
  /** How long after a look the next one comes. Each scheduler has its default. */
  readonly intervalMs?: number | undefined
}

/** The fields of a job's hash that {@link isTouched} needs. */
export const CALL_FIELDS = ['Type', 'Method', 'ParameterTypes', 'BatchId'] as const

/**
 * Whether the schedulers here may touch a job: in a prefix of Node's own any, in a shared one what this server handles. A batch of
 * Hangfire.Pro is .NET's alone.
 */
export function isTouched({ mode }: HangfireContext, handled: KnownJobs, fields: Fields): boolean {
  if (fields.BatchId !== undefined) return false
  if (mode === 'own') return true
  const call = callOf(fields)
  return call !== undefined && handled.find(call) !== undefined
}

/** Undefined for what is unreadable, and so unknown here. */
export function callOf(fields: Fields): Invocation | undefined {
  try {
    // The arguments may be large, and do not matter here.
    return decodeInvocationFields({ ...fields, Arguments: '[]' })
  } catch {
    return undefined
  }
}
