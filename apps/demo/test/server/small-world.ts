import { createHoldfast, memoryStorage } from '@holdfast/core'
import type { World, WorldEvent } from '../../src/live/world.ts'
import type { WorldState } from '../../src/events/snapshot.ts'

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
  jobTypes: ['risk-assessment'],
  missingActions: { kill: 'Everything is one process here.' },
}

export function openSmallWorld(state: WorldState = STATE): SmallWorld {
  const holdfast = createHoldfast({ storage: memoryStorage(), instance: 'instance-1' })
  const listeners = new Set<(event: WorldEvent) => void>()
  const acts: { name: string; input: unknown }[] = []
  let calls = 0
  const tell = (event: WorldEvent): void => {
    for (const listener of listeners) listener(event)
  }
  const stamp = () => ({ at: performance.timeOrigin + performance.now(), source: 'instance-1' })

  const start = async (jobKey: string): Promise<void> => {
    const jobType = 'risk-assessment'
    calls += 1
    const callId = `call-${calls}`
    const askedAt = performance.now()
    tell({
      ...stamp(),
      type: 'call.asked',
      callId,
      jobType,
      jobKey,
      policy: 'reject',
      parentExecutionId: null,
    })
    const { status, executionId } = await holdfast.idempotency.run(
      jobType,
      jobKey,
      ({ attempt, executionId: id }) => {
        const row = { jobType, jobKey, executionId: id, attempt, instance: 'instance-1', detail: '' } as const
        tell({ ...stamp(), type: 'row', event: 'begin', ...row })
        tell({ ...stamp(), type: 'row', event: 'end', ...row })
        return 'done'
      },
    )
    tell({
      ...stamp(),
      type: 'call.answered',
      callId,
      outcome: status === 'executed' ? 'ran' : 'stored',
      executionId,
      tookMs: performance.now() - askedAt,
      code: null,
      message: 'done',
    })
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
      if (name === 'fire') {
        const { times } = input as { readonly times: number }
        for (let index = 0; index < times; index += 1) await start('review-1')
      }
      return { ok: true, message: `${name} is done.` }
    },
    record: async (jobType, jobKey) =>
      (await holdfast.idempotency.getExecutionStatus(jobType, jobKey)) === null
        ? undefined
        : { key: `${jobType}:${jobKey}`, kind: 'memory', ttlMs: null, fields: [], raw: '', attempts: [] },
    review: async (id) =>
      id === 'review-1'
        ? { id, base: 'a', head: 'b', additions: 0, deletions: 0, files: [], suggestions: [] }
        : undefined,
    logs: async () => [],
    close: () => holdfast.close(),
  }
}
