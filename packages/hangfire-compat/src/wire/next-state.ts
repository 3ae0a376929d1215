import { HangfireUnreadableError } from '../errors.ts'
import type { DateDialect } from './dates.ts'
import { checkText } from './fields.ts'
import { membersOf, parseJson } from './json.ts'
import { typeKey } from './type-name.ts'

/**
 * What a waiting job becomes when its parent has ended: enqueued, in nearly all applications. Any other state is kept as the
 * JSON that .NET wrote, and only .NET can apply it.
 */
export type NextState = { readonly queue: string; readonly reason?: string } | { readonly other: string }

const ENQUEUED = 'Hangfire.States.EnqueuedState, Hangfire.Core'

export function encodeNextState(next: NextState, dates: DateDialect): string {
  if ('other' in next) return next.other
  const { queue, reason } = next
  // Level 110 writes null, too.
  const rest = reason === undefined && dates === 'ms' ? {} : { Reason: reason ?? null }
  return JSON.stringify({ $type: ENQUEUED, Queue: checkText('queue', queue), ...rest })
}

/** @throws HangfireUnreadableError */
export function decodeNextState(text: string): NextState {
  const members = membersOf(parseJson(text))
  const type = members?.get('$type')
  if (members === undefined || typeof type !== 'string')
    throw new HangfireUnreadableError('NextState of Awaiting', text, 'a state with its $type')
  if (typeKey(type) !== ENQUEUED) return { other: text }
  const [queue, reason] = [members.get('Queue'), members.get('Reason')]
  return {
    // Hangfire's default for a state that names none.
    queue: typeof queue === 'string' ? queue : 'default',
    ...(typeof reason === 'string' ? { reason } : {}),
  }
}
