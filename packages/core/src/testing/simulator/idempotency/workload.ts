import { HoldfastError } from '../../../errors.ts'
import { createIdempotency } from '../../../holdfast.ts'
import type { ExecutionContext } from '../../../idempotency/execution-context.ts'
import type { BeginOutcome, Idempotency } from '../../../idempotency/idempotency.ts'
import type { StartOptions } from '../../../idempotency/options.ts'
import type { ExecutionSnapshot } from '../../../idempotency/snapshot.ts'
import type { Storage } from '../../../storage/storage.ts'
import type { SimulatedProcess } from '../simulated-process.ts'
import type { Command } from '../simulated-server.ts'
import type { App, Feature, Observer, Workload, World } from '../workload.ts'
import { Executions } from './executions.ts'
import {
  type BodyPlan,
  JOB_TYPE,
  NESTED_JOB_TYPE,
  type Operation,
  type Profile,
  type Start,
  drawOperations,
  drawProfile,
} from './plan.ts'
import { Words } from './words.ts'

/** Idempotent executions: crashes and takeovers, duplicates that wait, operators, shutdowns. */
export const idempotencyFeature: Feature = {
  name: 'idempotency',
  plan(random) {
    const profile = drawProfile(random)
    const processes = random.int(2, 4)
    const calmFrom = random.between(4, 8) * profile.leaseMs
    const operations = drawOperations(random, profile, processes, calmFrom)
    return {
      size: { processes, calmFrom, leaseMs: profile.leaseMs },
      operations,
      open: (world) => new IdempotencyWorkload(world, profile, operations),
    }
  },
}

type Starting = Extract<Operation, { readonly body: BodyPlan }>

class IdempotencyWorkload implements Workload {
  readonly observer: Observer
  readonly #world: World
  readonly #profile: Profile
  readonly #operations: ReadonlyMap<number, Operation>
  readonly #executions: Executions
  readonly #words: Words

  constructor(world: World, profile: Profile, operations: readonly Operation[]) {
    this.#world = world
    this.#profile = profile
    this.#operations = new Map(operations.map((operation) => [operation.id, operation]))
    this.#executions = new Executions(world, profile.callTimeoutMs)
    this.#words = new Words(world, this.#executions)
    this.observer = {
      executed: (command: Command, reply: unknown, now: number) => {
        if (command.facet === 'records') this.#executions.executed(command, reply, now)
      },
      died: (process) => this.#words.died(process),
      forgot: () => this.#executions.forgot(),
    }
  }

  start(process: SimulatedProcess, storage: Storage): App {
    const { callTimeoutMs, leaseMs } = this.#profile
    const { runtime } = process
    process.onResume(() => this.#executions.resumed(process))
    const idempotency = createIdempotency(storage, {
      prefix: 'sim',
      instance: process.name,
      runtime,
      callTimeoutMs,
      leaseMs,
      timeoutMs: leaseMs * 6,
      failedRetentionMs: leaseMs * 4,
      completedRetentionMs: leaseMs * 8,
      progressIntervalMs: leaseMs / 10,
    })
    return {
      perform: (id) => {
        const operation = this.#operations.get(id)
        if (operation === undefined) throw new TypeError(`there is no operation ${id}`)
        this.#world.history.add(process.index, () => `#${id} ${operation.kind} ${operation.key}`)
        return this.#perform(process, idempotency, operation)
      },
      proveAlive: () => this.#proveAlive(process, idempotency),
      close: (graceMs) => idempotency.close({ graceMs }),
    }
  }

  async #perform(process: SimulatedProcess, idempotency: Idempotency, operation: Operation): Promise<void> {
    const { id, key } = operation
    const say = (text: string): void => this.#world.history.add(process.index, () => `#${id} ${text}`)
    try {
      switch (operation.kind) {
        case 'run': {
          const { start, body } = operation
          const options = this.#options(process, start)
          const { status, result, executionId } = await idempotency.run(JOB_TYPE, key, options, (execution) =>
            this.#work(process, idempotency, operation, execution, body),
          )
          this.#words.ended(process, operation, status, executionId, result)
          return say(`${status} ${executionId}`)
        }
        case 'begin':
        case 'tryStart': {
          const execution = await this.#begin(process, idempotency, operation)
          say(typeof execution === 'string' ? execution : `started ${execution.executionId}`)
          if (typeof execution !== 'string')
            await this.#workByHand(process, idempotency, operation, execution)
          return
        }
        case 'waitForCompletion': {
          const snapshot = await idempotency.waitForCompletion(JOB_TYPE, key, { waitMs: operation.forMs })
          if (snapshot !== null) this.#words.seen(snapshot)
          return say(`saw ${snapshot?.status ?? 'nothing'}`)
        }
        case 'watch':
          return await this.#watch(process, idempotency, operation.key, operation.forMs)
        case 'status': {
          const snapshot = await idempotency.getExecutionStatus(JOB_TYPE, key)
          return say(`saw ${snapshot?.status ?? 'nothing'}`)
        }
        case 'isExecuting':
          return say(String(await idempotency.isExecuting(JOB_TYPE, key)))
        case 'list':
          return say(`${(await idempotency.list(JOB_TYPE)).executions.length} listed`)
        case 'forget':
          return say(`forgot: ${await idempotency.forget(JOB_TYPE, key)}`)
        case 'requestCancel':
          return say(`asked: ${await idempotency.requestCancel(JOB_TYPE, key, { reason: `#${id}` })}`)
        case 'cleanUp':
          return say(
            `removed ${await idempotency.cleanupExpiredExecutions(operation.olderThanMs, { jobType: JOB_TYPE })}`,
          )
      }
    } catch (error) {
      say(`✗ ${HoldfastError.isInstance(error) ? error.code : String(error)}`)
      this.#words.refused(process, operation, error)
    }
  }

  #options(process: SimulatedProcess, { options, abortAfterMs }: Start): StartOptions {
    if (abortAfterMs === undefined) return options
    const impatience = new AbortController()
    process.runtime.setTimer(abortAfterMs, () => impatience.abort(new Error('out of patience')), {
      background: true,
    })
    return { ...options, signal: impatience.signal }
  }

  async #begin(
    process: SimulatedProcess,
    idempotency: Idempotency,
    operation: Starting,
  ): Promise<ExecutionContext | string> {
    const { key, kind, start } = operation
    const options = this.#options(process, start)
    if (kind === 'tryStart') return (await idempotency.tryStartExecution(JOB_TYPE, key, options)) ?? 'not now'
    const begun: BeginOutcome = await idempotency.begin(JOB_TYPE, key, options)
    if (begun.status === 'started') return begun.execution
    this.#words.notStarted(operation, begun)
    return begun.status
  }

  /** What a body does; resolves with what it returns. */
  async #work(
    process: SimulatedProcess,
    idempotency: Idempotency,
    operation: Operation,
    execution: ExecutionContext,
    body: BodyPlan,
  ): Promise<string> {
    this.#words.started(process, operation, execution)
    const { executionId, signal } = execution
    try {
      for (const step of body.steps) {
        if (!body.deaf) signal.throwIfAborted()
        switch (step.kind) {
          case 'work':
            await process.sleep(step.ms)
            break
          case 'stall':
            this.#world.history.add(process.index, () => `computes for ${step.ms.toFixed(0)} ms`)
            await process.stall(step.ms)
            // Only half of the bodies ask: what timers do must be seen too.
            if (operation.id % 2 === 0) this.#words.awake(execution)
            break
          case 'progress':
            await whenHeard(body.deaf, execution.updateProgress(step.percentage))
            break
          case 'checkpoint':
            await whenHeard(body.deaf, execution.saveCheckpoint({ of: executionId }))
            break
          case 'extendTimeout':
            await whenHeard(body.deaf, execution.extendTimeout(100))
            break
          case 'nested':
            await whenHeard(
              body.deaf,
              idempotency.run(NESTED_JOB_TYPE, `${operation.key}-${operation.id}`, async () => 'nested'),
            )
        }
      }
      if (!body.deaf) signal.throwIfAborted()
      if (body.end === 'throw' || body.end === 'throwFinal')
        throw new Error(`the body of ${executionId} failed`)
      const result = `result of ${executionId}`
      this.#words.returned(executionId, result)
      return result
    } finally {
      this.#words.finished(executionId)
    }
  }

  async #workByHand(
    process: SimulatedProcess,
    idempotency: Idempotency,
    operation: Starting,
    execution: ExecutionContext,
  ): Promise<void> {
    const { body } = operation
    const { executionId } = execution
    try {
      const result = await this.#work(process, idempotency, operation, execution, body)
      if (body.end === 'release') await execution.release()
      else if (body.end === 'dispose') await execution[Symbol.asyncDispose]()
      else {
        await execution.markSuccess(result)
        this.#words.ended(process, operation, 'executed', executionId, result)
      }
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('the body of')) {
        await execution[Symbol.asyncDispose]()
        throw error
      }
      await execution.markFailure(error, { final: body.end === 'throwFinal' })
      this.#words.recorded(executionId, 'failed')
    }
  }

  async #watch(
    process: SimulatedProcess,
    idempotency: Idempotency,
    key: string,
    forMs: number,
  ): Promise<void> {
    const end = new AbortController()
    process.runtime.setTimer(forMs, () => end.abort(), { background: true })
    let last: ExecutionSnapshot | undefined
    for await (const snapshot of idempotency.watch(JOB_TYPE, key, { signal: end.signal })) {
      this.#words.seen(snapshot, last)
      last = snapshot
    }
  }

  /** With all well again, a start gets through as soon as a dead owner's lease is over. */
  async #proveAlive(process: SimulatedProcess, idempotency: Idempotency): Promise<void> {
    const { leaseMs, keys } = this.#profile
    const { scheduler, scenario } = this.#world
    for (const key of keys) {
      const before = scheduler.now
      const options = {
        onInProgress: 'wait',
        onStalled: 'takeOver',
        onFailed: 'rerun',
        waitMs: leaseMs * 100,
      } as const
      const operation = PROOF_OF_LIFE + process.index
      let what: string
      try {
        const { status, result, executionId } = await idempotency.run(JOB_TYPE, key, options, (execution) =>
          this.#proof(process, execution),
        )
        what = `${status} ${executionId}`
        this.#words.ended(process, { id: operation }, status, executionId, result)
      } catch (error) {
        what = HoldfastError.isInstance(error) ? error.code : String(error)
        if (!isRecorded(error))
          this.#world.violated('I6', `${process.name} could not start ${key} with all well: ${what}`)
      }
      this.#world.history.add(process.index, () => `${key}: ${what}`)
      const tookMs = scheduler.now - before
      // A lease, the proofs of the other processes, and a few round trips.
      const allowedMs = leaseMs * 1.02 + scenario.setBackMs + scenario.processes.length * 1_000
      if (tookMs > allowedMs)
        this.#world.violated(
          'I6',
          `${process.name} needed ${tookMs.toFixed(0)} ms to start ${key} with all well`,
        )
    }
  }

  async #proof(process: SimulatedProcess, execution: ExecutionContext): Promise<string> {
    this.#words.started(process, { id: PROOF_OF_LIFE + process.index }, execution)
    const result = `proof of ${execution.executionId}`
    this.#words.returned(execution.executionId, result)
    this.#words.finished(execution.executionId)
    return result
  }
}

/** Operations that are not of the plan. */
const PROOF_OF_LIFE = 1_000

/** A deaf body ignores what its own calls tell it. */
async function whenHeard(deaf: boolean, call: Promise<unknown>): Promise<void> {
  try {
    await call
  } catch (error) {
    if (!deaf) throw error
  }
}

function isRecorded(error: unknown): boolean {
  if (HoldfastError.isInstance(error)) return false
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return code.startsWith('EXECUTION_') || (error instanceof Error && error.message.startsWith('the body of'))
}
