import type { WorldEvent } from '../../../src/live/world.ts'

const TYPES = ['ai-review', 'risk-assessment', 'pull-request-summary', 'improvement-suggestions'] as const
const INSTANCES = ['instance-1', 'instance-2', 'instance-3'] as const

/** Many short jobs, as much at once as three instances have at a busy time. */
export function crowd(count: number, from: number, lengthMs: number): readonly WorldEvent[] {
  const works = Math.floor(count / 5)
  return Array.from({ length: works }, (_, index) => workOfCrowd(index, from + (lengthMs * index) / works))
    .flat()
    .toSorted((a, b) => a.at - b.at)
}

/** Five events: a start, its attempt, a look at its progress, its end, and the answer. */
export function workOfCrowd(index: number, at: number): readonly WorldEvent[] {
  const work = { jobType: TYPES[index % 4] ?? 'ai-review', jobKey: `crowd-${index}` } as const
  const source = INSTANCES[index % 3] ?? 'instance-1'
  const [callId, executionId] = [`crowd-call-${index}`, `crowd-execution-${index}`]
  const took = 200 + ((index * 37) % 400)
  return [
    { at, source, type: 'call.asked', ...work, callId, policy: 'reject', parentExecutionId: null },
    {
      at: at + 1,
      source,
      type: 'attempt.started',
      ...work,
      executionId,
      callId,
      attempt: 1,
      fencingToken: 1_000 + index,
      leaseMs: 5_000,
      parentExecutionId: null,
      takenOverFrom: null,
      takenOverFromInstance: null,
      fromPercent: 0,
    },
    {
      at: at + took / 2,
      source: 'observer',
      type: 'attempt.seen',
      executionId,
      percent: 50,
      message: 'Analyse',
      leaseEndsAt: at + 5_000,
      stalled: false,
    },
    {
      at: at + took,
      source,
      type: 'attempt.ended',
      executionId,
      outcome: 'completed',
      reason: null,
      message: null,
      ranMs: took,
    },
    {
      at: at + took + 1,
      source,
      type: 'call.answered',
      callId,
      outcome: 'ran',
      executionId,
      tookMs: took,
      code: null,
      message: '',
    },
  ]
}
