import { AsyncLocalStorage } from 'node:async_hooks'
import type { TracedExecution } from '@holdfast/core'
import { resolveOptions } from '@holdfast/core/storage'
import type { Bridge } from '../bridge.ts'
import { Subscriptions } from '../subscriptions.ts'
import { type JobField, PINO, type PinoOptions } from './pino-options.ts'

export interface PinoBridge extends Bridge {
  /**
   * For `pino({ mixin })`: the fields of the innermost body around the call that logs, in whatever it calls or awaits; none
   * outside of bodies, and none after `stop()`.
   */
  readonly mixin: () => Partial<Record<JobField, string | number>>
}

/**
 * Knows from now on which execution's body is running around a call.
 *
 * @throws InvalidArgumentError for a wrong option
 */
export function startPino(options: PinoOptions = {}): PinoBridge {
  const { fields } = resolveOptions(PINO, options)
  const executions = new AsyncLocalStorage<TracedExecution | undefined>()
  const subscriptions = new Subscriptions()
  subscriptions.bind<TracedExecution, TracedExecution>(
    'holdfast:idempotency.body',
    executions,
    (body) => body,
  )
  subscriptions.add(() => executions.disable())
  return {
    mixin() {
      const execution = executions.getStore()
      if (execution === undefined) return {}
      return Object.fromEntries(fields.map((field) => [field, execution[field]]))
    },
    stop: () => subscriptions.end(),
  }
}
