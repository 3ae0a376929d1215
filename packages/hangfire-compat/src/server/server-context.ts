import type { Holdfast } from '@holdfast/core'
import type { Lockable } from '@holdfast/core/storage'
import type { HangfireContext } from '../storage/context.ts'
import type { Dialect } from '../wire/dialect.ts'
import type { Publish } from './events.ts'
import type { Halt } from './halt.ts'
import type { HandlerRegistry } from './registry.ts'
import type { ServerTimes } from './times.ts'

/** What all parts of one server share. */
export interface ServerContext {
  readonly storage: HangfireContext
  readonly dialect: Dialect
  readonly locks: Lockable<[resource: string]>
  readonly idempotency: Holdfast['idempotency']
  readonly serverId: string
  /** In the order in which they are looked into. */
  readonly queues: readonly string[]
  readonly registry: HandlerRegistry
  readonly times: ServerTimes
  readonly unknownJobs: 'leave' | 'fail'
  readonly publish: Publish
  /** Over when the server stops: no more jobs are taken. */
  readonly stopping: Halt
  /** Over when it waits no longer for those that run. */
  readonly abandoning: Halt
}
