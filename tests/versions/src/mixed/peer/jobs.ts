import type { ExecutionContext, ExecutionSnapshot, Holdfast, Slot, StartOptions } from '@holdfast/core'
import { holding, say, sayError } from './said.ts'

/** What a body does, in this order. */
export interface Body {
  readonly progress?: readonly [percentage: number, message: string]
  readonly checkpoint?: unknown
  /** Until the test says `go`. */
  readonly holds?: boolean
  readonly fails?: {
    readonly name: string
    readonly message: string
    readonly code: string
    readonly why: string
  }
  readonly result?: unknown
}

/** What a body says when it has begun: what it knows of the attempts before it, and its own place among them. */
export interface Inside {
  readonly attempt: number
  readonly fencingToken: number
  readonly checkpoint: unknown
}

/** What another process asks of this one's jobs. A job is known by its key, which tests use once. */
export function jobOperations({ idempotency }: Holdfast) {
  const bodyOf = (key: string, body: Body) => async (execution: ExecutionContext) => {
    const { attempt, fencingToken, checkpoint, signal } = execution
    if (body.progress !== undefined) await execution.updateProgress(...body.progress)
    if ('checkpoint' in body) await execution.saveCheckpoint(body.checkpoint)
    signal.addEventListener('abort', () => say('aborted', key, sayError(signal.reason)))
    say('inside', key, { attempt, fencingToken, checkpoint } satisfies Inside)
    if (body.holds) await holding(key, signal)
    if (body.fails !== undefined) {
      const { name, message, code, why } = body.fails
      throw Object.assign(new Error(message, { cause: new TypeError(why) }), { name, code })
    }
    return body.result
  }
  return {
    async run(type: string, key: string, body: Body, options: StartOptions = {}) {
      const { status, result } = await idempotency.run(type, key, options, bodyOf(key, body))
      return { status, result }
    },
    async runInSlot(type: string, slot: Slot, body: Body) {
      const { status } = await idempotency.oncePerSlot(type, slot, bodyOf(type, body))
      return status
    },
    status: async (type: string, key: string) => await idempotency.getExecutionStatus(type, key),
    waitFor: async (type: string, key: string) => await idempotency.waitForCompletion(type, key),
    /** Every state until the end. */
    async watch(type: string, key: string) {
      const seen: ExecutionSnapshot[] = []
      for await (const snapshot of idempotency.watch(type, key)) {
        seen.push(snapshot)
        say('seen', key, snapshot.progressPercentage)
      }
      return seen
    },
    cancel: async (type: string, key: string, reason: string) =>
      await idempotency.requestCancel(type, key, { reason }),
    forget: async (type: string, key: string) => await idempotency.forget(type, key),
    async list(type: string) {
      const types = await idempotency.listJobTypes()
      const { executions } = await idempotency.list(type)
      return { isListed: types.includes(type), keys: executions.map(({ jobKey }) => jobKey) }
    },
  }
}
