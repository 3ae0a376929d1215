import { HoldfastError } from '../../../errors.ts'
import type { ExecutionContext } from '../../../idempotency/execution-context.ts'
import type { StartOptions } from '../../../idempotency/options.ts'
import type { ExecutionSnapshot } from '../../../idempotency/record.ts'
import { type Scene, type Starting, work, workByHand } from './bodies.ts'
import { isBodyError } from './body-error.ts'
import { JOB_TYPE, type Operation, type Profile, type Start } from './plan.ts'

/** Operations that are not of the plan. */
const PROOF_OF_LIFE = 1_000

/** What one process calls, and how it takes the answers. */
export class Calls {
  readonly #scene: Scene
  readonly #profile: Profile
  readonly #quietMs: (key: string) => number

  /** `quietMs`: in how many milliseconds of true time a key may run again. */
  constructor(scene: Scene, profile: Profile, quietMs: (key: string) => number) {
    this.#scene = scene
    this.#profile = profile
    this.#quietMs = quietMs
  }

  async perform(operation: Operation): Promise<void> {
    const { words, process } = this.#scene
    try {
      this.#say(`#${operation.id} ${await this.#call(operation)}`)
    } catch (error) {
      this.#say(`#${operation.id} ✗ ${HoldfastError.isInstance(error) ? error.code : String(error)}`)
      words.refused(process, operation, error)
    }
  }

  /** What came of it, in a few words. */
  async #call(operation: Operation): Promise<string> {
    const { words, idempotency } = this.#scene
    const { id, key } = operation
    switch (operation.kind) {
      case 'press':
        await this.#untilAbout(key, operation.earlyMs)
        return await this.#run(operation)
      case 'run':
        return await this.#run(operation)
      case 'begin':
      case 'tryStart':
        return await this.#begin(operation)
      case 'waitForCompletion': {
        const { forMs: waitMs } = operation
        const snapshot = await idempotency.waitForCompletion(JOB_TYPE, key, { waitMs })
        if (snapshot !== null) words.seen(snapshot)
        return `saw ${snapshot?.status ?? 'nothing'}`
      }
      case 'watch':
        return await this.#watch(key, operation.forMs)
      case 'status':
        return `saw ${(await idempotency.getExecutionStatus(JOB_TYPE, key))?.status ?? 'nothing'}`
      case 'isExecuting':
        return String(await idempotency.isExecuting(JOB_TYPE, key))
      case 'list':
        return `${(await idempotency.list(JOB_TYPE)).executions.length} listed`
      case 'forget':
        return `forgot: ${await idempotency.forget(JOB_TYPE, key)}`
      case 'requestCancel':
        return `asked: ${await idempotency.requestCancel(JOB_TYPE, key, { reason: `#${id}` })}`
      case 'cleanUp': {
        const { olderThanMs } = operation
        return `removed ${await idempotency.cleanupExpiredExecutions(olderThanMs, { jobType: JOB_TYPE })}`
      }
    }
  }

  async #run(operation: Starting): Promise<string> {
    const { words, process, idempotency } = this.#scene
    const body = (execution: ExecutionContext): Promise<string> => work(this.#scene, operation, execution)
    const options = this.#options(operation.start)
    const { status, result, executionId } = await idempotency.run(JOB_TYPE, operation.key, options, body)
    words.ended(process, operation, status, executionId, result)
    return `${status} ${executionId}`
  }

  async #begin(operation: Starting): Promise<string> {
    const { words, idempotency } = this.#scene
    const { key, kind, start } = operation
    const options = this.#options(start)
    let execution: ExecutionContext | null
    if (kind === 'tryStart') {
      execution = await idempotency.tryStartExecution(JOB_TYPE, key, options)
      if (execution === null) return 'not now'
    } else {
      const begun = await idempotency.begin(JOB_TYPE, key, options)
      if (begun.status !== 'started') {
        words.notStarted(operation, begun)
        return begun.status
      }
      ;({ execution } = begun)
    }
    this.#say(`#${operation.id} started ${execution.executionId}`)
    await workByHand(this.#scene, operation, execution)
    return `ended ${execution.executionId}`
  }

  /** By the clock of the storage itself, which no process can read so well. */
  async #untilAbout(key: string, earlyMs: number): Promise<void> {
    const { process, world } = this.#scene
    const inMs = this.#quietMs(key) - earlyMs
    if (inMs <= 0) return
    world.totals.count('calls at the end of a window')
    await new Promise<void>((resolve) => process.deliver(inMs, resolve))
  }

  async #watch(key: string, forMs: number): Promise<string> {
    const { words, process, idempotency } = this.#scene
    const end = new AbortController()
    process.runtime.setTimer(forMs, () => end.abort(), { background: true })
    let last: ExecutionSnapshot | undefined
    for await (const snapshot of idempotency.watch(JOB_TYPE, key, { signal: end.signal })) {
      words.seen(snapshot, last)
      last = snapshot
    }
    return `watched, last ${last?.status ?? 'nothing'}`
  }

  #options({ options, abortAfterMs }: Start): StartOptions {
    if (abortAfterMs === undefined) return options
    const impatience = new AbortController()
    const { runtime } = this.#scene.process
    runtime.setTimer(abortAfterMs, () => impatience.abort(new Error('out of patience')), { background: true })
    return { ...options, signal: impatience.signal }
  }

  /** With all well again, a start gets through as soon as a dead owner's lease is over (I6). */
  async proveAlive(): Promise<void> {
    const { world, process } = this.#scene
    const { leaseMs, keys } = this.#profile
    const { scheduler, scenario } = world
    for (const key of keys) {
      const before = scheduler.now
      this.#say(`${key}: ${await this.#prove(key)}`)
      const tookMs = scheduler.now - before
      // A lease, the proofs of the other processes, and a few round trips.
      const allowedMs = leaseMs * 1.02 + scenario.setBackMs + scenario.processes.length * 1_000
      if (tookMs > allowedMs)
        world.violated('I6', `${process.name} needed ${tookMs.toFixed(0)} ms to start ${key} with all well`)
    }
  }

  async #prove(key: string): Promise<string> {
    const { world, words, process, idempotency } = this.#scene
    const caller = { id: PROOF_OF_LIFE + process.index }
    const waitMs = this.#profile.leaseMs * 100
    const options = { onInProgress: 'wait', onStalled: 'takeOver', onFailed: 'rerun', waitMs } as const
    const body = async (execution: ExecutionContext): Promise<string> => {
      words.started(process, caller, execution)
      const result = `proof of ${execution.executionId}`
      words.returned(execution.executionId, result)
      words.finished(execution.executionId)
      return result
    }
    try {
      const { status, result, executionId } = await idempotency.run(JOB_TYPE, key, options, body)
      words.ended(process, caller, status, executionId, result)
      return `${status} ${executionId}`
    } catch (error) {
      const what = HoldfastError.isInstance(error) ? error.code : String(error)
      // A failure that is final stays so.
      if (!isRecorded(error))
        world.violated('I6', `${process.name} could not start ${key} with all well: ${what}`)
      return what
    }
  }

  #say(text: string): void {
    const { world, process } = this.#scene
    world.history.add(process.index, () => text)
  }
}

function isRecorded(error: unknown): boolean {
  if (HoldfastError.isInstance(error)) return false
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return code.startsWith('EXECUTION_') || isBodyError(error)
}
