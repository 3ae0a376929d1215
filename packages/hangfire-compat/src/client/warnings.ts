import { type EventChannel, eventChannel } from '@holdfast/core/storage'
import { BoundedMap } from './bounded-map.ts'

/** Published on `holdfast:hangfire` when a job goes where nothing will run it. The first of its kind is a warning of the process, too. */
export interface HangfireWarning {
  readonly type: 'warned'
  /** What every key begins with. */
  readonly prefix: string
  /** To which the job went. */
  readonly queue: string
  /** By the wall clock of this process: milliseconds since 1970. */
  readonly at: number
  readonly code: HangfireWarningCode
  /** What is wrong and what to do, for people. */
  readonly message: string
}

/**
 * - `HANGFIRE_QUEUE_UNSERVED`: no server listens on the queue.
 * - `HANGFIRE_INTERFACE_IN_DOTNET_QUEUE`: a .NET server listens on the queue of a job whose type is an interface. It would take the
 *   job, fail to make an instance, and try again ten times.
 */
export type HangfireWarningCode = 'HANGFIRE_QUEUE_UNSERVED' | 'HANGFIRE_INTERFACE_IN_DOTNET_QUEUE'

const warnings: EventChannel<HangfireWarning> = eventChannel('holdfast:hangfire')
/** Of all prefixes. */
const warned = new BoundedMap<string, true>(1_000)

export function warn(warning: Omit<HangfireWarning, 'type' | 'at'>): void {
  const { prefix, queue, code, message } = warning
  warnings.publish(() => ({ ...warning, type: 'warned', at: Date.now() }))
  const kind = JSON.stringify([prefix, queue, code])
  if (warned.get(kind)) return
  warned.set(kind, true)
  process.emitWarning(message, { type: 'HangfireWarning', code })
}
