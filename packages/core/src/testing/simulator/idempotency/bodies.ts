import type { ExecutionContext } from '../../../idempotency/execution-context.ts'
import type { Idempotency } from '../../../idempotency/idempotency.ts'
import type { SimulatedProcess } from '../simulated-process.ts'
import type { World } from '../workload.ts'
import { BodyError, retryOf } from './body-error.ts'
import { type BodyPlan, NESTED_JOB_TYPE, type Operation, RETRY_AFTER_MS } from './plan.ts'
import type { Words } from './words.ts'

/** Where calls are made and bodies run. */
export interface Scene {
  readonly world: World
  readonly words: Words
  readonly process: SimulatedProcess
  readonly idempotency: Idempotency
}

/** An operation that starts an execution. */
export type Starting = Extract<Operation, { readonly body: BodyPlan }>

/** What a body does inside `run`; resolves with what it returns. */
export async function work(
  { world, words, process, idempotency }: Scene,
  operation: Starting,
  execution: ExecutionContext,
): Promise<string> {
  words.started(process, operation, execution)
  const { body } = operation
  const { executionId, signal } = execution
  // A deaf body works on although its signal and its calls say that it lost the key.
  const heard = async (call: Promise<unknown>): Promise<void> => {
    try {
      await call
    } catch (error) {
      if (!body.deaf) throw error
    }
  }
  try {
    for (const step of body.steps) {
      if (!body.deaf) signal.throwIfAborted()
      switch (step.kind) {
        case 'work':
          await process.sleep(step.ms)
          break
        case 'stall':
          world.history.add(process.index, () => `computes for ${step.ms.toFixed(0)} ms`)
          await process.stall(step.ms)
          // Only half of the bodies ask: what timers do must be seen too.
          if (operation.id % 2 === 0) words.awake(execution)
          break
        case 'progress':
          await heard(execution.updateProgress(step.percentage))
          break
        case 'checkpoint':
          await heard(execution.saveCheckpoint({ of: executionId }))
          break
        case 'extendTimeout':
          await heard(execution.extendTimeout(100))
          break
        case 'nested': {
          const key = `${operation.key}-${operation.id}`
          await heard(idempotency.run(NESTED_JOB_TYPE, key, async () => 'nested'))
        }
      }
    }
    if (!body.deaf) signal.throwIfAborted()
    if (body.end === 'throwLater') throw new BodyError(executionId, RETRY_AFTER_MS)
    if (body.end === 'throw' || body.end === 'throwFinal') throw new BodyError(executionId, undefined)
    const result = `result of ${executionId}`
    words.returned(executionId, result)
    return result
  } finally {
    words.finished(executionId)
  }
}

/** The same for an execution that its caller ends by hand. */
export async function workByHand(
  scene: Scene,
  operation: Starting,
  execution: ExecutionContext,
): Promise<void> {
  const { words, process } = scene
  const { end } = operation.body
  const { executionId } = execution
  try {
    const result = await work(scene, operation, execution)
    if (end === 'release') return await execution.release()
    if (end === 'dispose') return await execution[Symbol.asyncDispose]()
    await execution.markSuccess(result)
    words.ended(process, operation, 'executed', executionId, result)
  } catch (error) {
    try {
      if (!(error instanceof BodyError)) throw error
      await execution.markFailure(error, { final: end === 'throwFinal', ...retryOf(error) })
      words.recorded(executionId, 'failed')
    } finally {
      // As `await using` would: what could not be ended is not renewed for ever.
      await execution[Symbol.asyncDispose]()
    }
  }
}
