import { createHoldfast, memoryStorage } from '@holdfast/core'
import type { World, WorldEvent } from '../../src/live/world.ts'
import type { CallOutcome } from '../../src/events/page-event.ts'
import type { Actions, WorldState } from '../../src/events/snapshot.ts'
import type { JobType } from '../../src/jobs/job.ts'

/** A real Holdfast on memory storage with one small job: what it tells has happened. */
export interface SmallWorld extends World {
  /** Tells pages what a test needs them to hear. */
  readonly tell: (event: WorldEvent) => void
  readonly acts: readonly { readonly name: string; readonly input: unknown }[]
}

export const STATE: WorldState = {
  instances: [
    { name: 'instance-1', client: 'memory', framework: 'fastify', state: 'up', isCut: false, pid: null },
  ],
  redis: { state: 'up', version: null, persistence: null, canBeStopped: false, roundTripMs: null },
  storage: 'memory',
  repository: { name: 'sample', path: '/sample', isSample: true },
  reviewer: 'normal',
  jobTypes: ['ai-review'],
  missingActions: { kill: 'Everything is one process here.' },
}

export function openSmallWorld(state: WorldState = STATE): SmallWorld {
  const holdfast = createHoldfast({ storage: memoryStorage(), instance: 'instance-1' })
  const listeners = new Set<(event: WorldEvent) => void>()
  const acts: { name: string; input: unknown }[] = []
  let calls = 0
  let fires = 0
  const tell = (event: WorldEvent): void => {
    for (const listener of listeners) listener(event)
  }
  const stamp = () => ({ at: performance.timeOrigin + performance.now(), source: 'instance-1' })

  const start = async (
    jobType: JobType,
    jobKey: string,
    policy: 'reject' | 'wait',
    body: () => Promise<void>,
  ) => {
    calls += 1
    const callId = `call-${calls}`
    const askedAt = performance.now()
    const answer = (outcome: CallOutcome, executionId: string | null): void => {
      const tookMs = performance.now() - askedAt
      tell({
        ...stamp(),
        type: 'call.answered',
        callId,
        outcome,
        executionId,
        tookMs,
        code: null,
        message: '',
      })
    }
    tell({ ...stamp(), type: 'call.asked', callId, jobType, jobKey, policy, parentExecutionId: null })
    try {
      const { status, executionId } = await holdfast.idempotency.run(
        jobType,
        jobKey,
        { onInProgress: policy },
        async ({ attempt, executionId: id }) => {
          const row = {
            jobType,
            jobKey,
            executionId: id,
            attempt,
            instance: 'instance-1',
            detail: '',
          } as const
          tell({ ...stamp(), type: 'row', event: 'begin', ...row })
          await body()
          tell({ ...stamp(), type: 'row', event: 'end', ...row })
          return 'done'
        },
      )
      answer(status === 'executed' ? 'ran' : 'waited', executionId)
    } catch (error) {
      if ((error as { readonly code?: string }).code !== 'EXECUTION_IN_PROGRESS') throw error
      answer('turnedAway', null)
    }
  }

  /** One runs, until all others that do not wait were turned away. */
  const fire = async ({ times, waiting, jobType = 'ai-review' }: Actions['fire']): Promise<void> => {
    fires += 1
    const jobKey = `review-${fires}`
    const over = Promise.withResolvers<void>()
    let left = Math.max(0, times - waiting - 1)
    const count = (): void => {
      left -= 1
      if (left === 0) over.resolve()
    }
    if (left === 0) over.resolve()
    await Promise.all(
      Array.from({ length: times }, async (_, index) => {
        const policy = index < times - waiting ? 'reject' : 'wait'
        await start(jobType, jobKey, policy, () => over.promise)
        if (policy === 'reject') count()
      }),
    )
  }

  return {
    tell,
    acts,
    state: () => state,
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async act(name, input) {
      acts.push({ name, input })
      const why = state.missingActions[name]
      if (why !== undefined) return { ok: false, message: why }
      if (name === 'fire') await fire(input as Actions['fire'])
      return { ok: true, message: `${name} is done.` }
    },
    record: async (jobType, jobKey) =>
      (await holdfast.idempotency.getExecutionStatus(jobType, jobKey)) === null
        ? undefined
        : { key: `${jobType}:${jobKey}`, kind: 'memory', ttlMs: null, fields: [], raw: '', attempts: [] },
    held: async ({ kind, name }) => [
      { key: `${kind} ${name}`, kind: 'memory', ttlMs: null, fields: [], raw: '' },
    ],
    review: async (id) =>
      id === 'review-1'
        ? {
            id,
            base: 'a',
            head: 'b',
            additions: 0,
            deletions: 0,
            files: [],
            suggestions: [],
            moves: [],
            notices: [],
            problem: null,
          }
        : undefined,
    measure: async () => [],
    spent: () => null,
    logs: async () => [],
    close: () => holdfast.close(),
  }
}
