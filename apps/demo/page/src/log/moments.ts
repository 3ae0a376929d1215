import {
  type Attempt,
  type Effect,
  type Instance,
  type Model,
  type Spell,
  rankOf,
  workKey,
} from '../model/model.ts'
import type { LogEntry } from './log-lines.ts'

type Known = Pick<Model, 'instances' | 'redis' | 'attempts' | 'effects' | 'works'>

/**
 * The moments that a story turns on, as lines between those that the instances wrote: a process that was killed writes
 * nothing, and one that was frozen does not know it.
 */
export function momentsOf({ instances, redis, attempts, effects, works }: Known): readonly LogEntry[] {
  const all = [...attempts.values()]
  return [
    ...[...instances.values()].flatMap((instance) => ofInstance(instance, all)),
    ...spells(redis.stopped, 'Redis', 'Redis was stopped', 'Redis is back'),
    ...all.flatMap(ofAttempt),
    ...effects.flatMap((effect) => ofEffect(effect, works)),
  ]
}

function ofInstance(
  { name, gone, frozen, cut }: Instance,
  attempts: readonly Attempt[],
): readonly LogEntry[] {
  const ends = gone.map(({ from, reason }): LogEntry => {
    const cutShort = attempts.filter(({ instance, endedAt }) => instance === name && endedAt === from)
    const at = cutShort.map(({ percent }) => ` at ${percent} %`).join(',')
    return {
      ...moment(`gone-${name}-${from}`, from, name),
      level: 'error',
      turn: 'killed',
      message: reason === null ? `killed${at}` : `ended by itself${at}: ${reason}`,
      executionIds: cutShort.map(({ executionId }) => executionId),
      jobType: cutShort[0]?.jobType ?? null,
      jobKey: cutShort[0]?.jobKey ?? null,
    }
  })
  const starts = gone.flatMap(({ to }) =>
    to === null ? [] : [{ ...moment(`back-${name}-${to}`, to, name), message: 'started again' }],
  )
  return [
    ...ends,
    ...starts,
    ...spells(frozen, name, 'frozen', 'woke up'),
    ...spells(cut, name, 'network was cut', 'network is back'),
  ]
}

function spells(all: readonly Spell[], who: string, began: string, ended: string): readonly LogEntry[] {
  return all.flatMap(({ from, to }): readonly LogEntry[] => [
    { ...moment(`${began}-${who}-${from}`, from, who), level: 'warn', message: began },
    ...(to === null ? [] : [{ ...moment(`${ended}-${who}-${to}`, to, who), message: ended }]),
  ])
}

/** An attempt that changes is another object: those of most were made before. */
const made = new WeakMap<Attempt, readonly LogEntry[]>()

function ofAttempt(attempt: Attempt): readonly LogEntry[] {
  const known = made.get(attempt) ?? madeOf(attempt)
  made.set(attempt, known)
  return known
}

function madeOf(attempt: Attempt): readonly LogEntry[] {
  const { executionId, instance, takenOverFrom, startedAt, outcome, endedAt } = attempt
  const of = { jobType: attempt.jobType, jobKey: attempt.jobKey, executionId }
  const tookOver: readonly LogEntry[] =
    takenOverFrom === null
      ? []
      : [
          {
            ...moment(`took-over-${executionId}`, startedAt, instance),
            ...of,
            turn: 'tookOver',
            message: `took over from ${attempt.takenOverFromInstance ?? 'another'} at ${attempt.fromPercent} % · attempt ${attempt.attempt}`,
            executionIds: [executionId, takenOverFrom],
          },
        ]
  const completed: readonly LogEntry[] =
    outcome !== 'completed' || endedAt === null
      ? []
      : [
          {
            ...moment(`completed-${executionId}`, endedAt, instance),
            ...of,
            turn: 'completed',
            message: 'completed',
          },
        ]
  return [...tookOver, ...completed]
}

function ofEffect(effect: Effect, works: Model['works']): readonly LogEntry[] {
  const { id, at, instance, fencingToken, newestToken, jobType, jobKey } = effect
  if (newestToken === null) return []
  const work = works.get(workKey(effect))
  const rank = (fence: number): number | string => rankOf(work, fence) || fence
  return [
    {
      ...moment(`refused-${id}`, at, instance),
      jobType,
      jobKey,
      level: 'error',
      turn: 'refused',
      message: `late write refused by the database: fence ${rank(fencingToken)} is older than ${rank(newestToken)}`,
    },
  ]
}

function moment(id: string, at: number, instance: string): Omit<LogEntry, 'message'> {
  return { id, seq: 0, at, instance, level: 'info', executionId: null, jobType: null, jobKey: null }
}
