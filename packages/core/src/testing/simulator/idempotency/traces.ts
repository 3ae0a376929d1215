import type { TraceContextHooks } from '../../../idempotency/trace-context.ts'
import type { World } from '../workload.ts'

/** A tracer that all processes have: what it finds stored is of the attempt before, of the same key. A third of what it does fails. */
export class Traces {
  readonly hooks: TraceContextHooks
  readonly #injected = new Map<string, { readonly jobKey: string; readonly attempt: number }>()

  constructor(world: World) {
    this.hooks = {
      inject: ({ executionId, jobKey, attempt }) => {
        this.#injected.set(executionId, { jobKey, attempt })
        if (attempt % 3 === 0) throw new Error('The tracer is broken.')
        return executionId
      },
      extract: (stored, { executionId, jobKey, attempt }) => {
        const before = this.#injected.get(stored)
        const step = attempt - (before?.attempt ?? Number.NaN)
        world.totals.count('traces found')
        if (before?.jobKey === jobKey && stored !== executionId && (step === 0 || step === 1)) return
        world.violated('Trace of the attempt before', `${executionId}, attempt ${attempt}, found ${stored}`)
      },
    }
  }
}
