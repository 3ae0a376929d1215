import { lengthOf } from '../format.ts'
import { type Attempt, type Call, type Model, rankOf, workKey } from '../model/model.ts'
import { nameOf } from '../model/names.ts'
import type { Work } from '../../../src/events/page-event.ts'
import { lossWords, refusedWords } from './words.ts'

/** A row of the table that says what the picture shows. */
export interface Happening {
  readonly id: string
  readonly at: number
  readonly where: string
  readonly job: string
  readonly work: Work | null
  readonly attempt: string
  readonly fence: string
  readonly what: string
  readonly howLong: string
  /** An instance was killed, took over, or was refused. */
  readonly isException: boolean
}

/** Everything that happened, oldest first; at most so many of the newest. */
export function happeningsOf(model: Model, most = 300): readonly Happening[] {
  // Both stand in the order in which they were told: what is long over need not be looked at.
  return happenings(
    model,
    [...model.attempts.values()].slice(-most),
    [...model.calls.values()].slice(-most),
    most,
  )
}

/** Of those, what was not ordinary: an instance was killed, frozen, took over, was refused. */
export function exceptionsOf(model: Model, most: number): readonly Happening[] {
  const attempts = [...model.attempts.values()].filter(
    ({ takenOverFrom, outcome }) => takenOverFrom !== null || outcome === 'cutShort' || outcome === 'failed',
  )
  const calls = [...model.calls.values()].filter(({ outcome }) => outcome === 'noRedis')
  return happenings(model, attempts.slice(-most), calls.slice(-most), most).filter(
    ({ isException }) => isException,
  )
}

function happenings(
  model: Model,
  attempts: readonly Attempt[],
  calls: readonly Call[],
  most: number,
): readonly Happening[] {
  const all = [
    ...attempts.map((attempt) => ofAttempt(model, attempt)),
    ...calls.flatMap((call) => ofCall(model, call)),
    ...model.effects
      .filter(({ newestToken }) => newestToken !== null)
      .map((effect): Happening => {
        return {
          ...common(model, effect),
          id: `r:${effect.id}`,
          at: effect.at,
          where: 'Database',
          fence: String(rankOf(model.works.get(workKey(effect)), effect.fencingToken)),
          what: `${effect.instance}: ${refusedWords(model, effect)}`,
          isException: true,
        }
      }),
    ...ofProcesses(model),
    ...model.switches.map(({ at, mode }) => ({
      ...spell(
        `reviewer:${at}`,
        'All instances',
        `reviewer ${mode} from now on`,
        at,
        null,
        mode !== 'normal',
      ),
    })),
    ...model.redis.stopped.map(({ from, to }) => spell(`redis:${from}`, 'Redis', 'stopped', from, to, true)),
  ]
  return all.toSorted((a, b) => a.at - b.at).slice(-most)
}

function common(model: Model, work: Work): Omit<Happening, 'id' | 'at' | 'where' | 'what'> {
  return {
    job: nameOf(model, work),
    work: { jobType: work.jobType, jobKey: work.jobKey },
    attempt: '',
    fence: '',
    howLong: '',
    isException: false,
  }
}

function ofAttempt(model: Model, attempt: Attempt): Happening {
  const { outcome, percent, endedAt, startedAt, takenOverFromInstance, fromPercent } = attempt
  const began =
    takenOverFromInstance === null ? '' : `took over from ${takenOverFromInstance} at ${fromPercent} %, `
  const ended = {
    completed: 'done',
    failed: `failed${attempt.message === null ? '' : `: ${attempt.message}`}`,
    released: 'stopped and set free',
    lost: lossWords(model, attempt),
    unconfirmed: 'ended, not confirmed',
    abandoned: 'given up',
    cutShort: `cut short at ${percent} %`,
  }
  return {
    ...common(model, attempt),
    id: attempt.executionId,
    at: startedAt,
    where: attempt.instance,
    attempt: String(attempt.attempt),
    fence: String(rankOf(model.works.get(workKey(attempt)), attempt.fencingToken)),
    what: began + (outcome === null ? `running, ${percent} %` : ended[outcome]),
    howLong: endedAt === null ? '' : lengthOf(endedAt - startedAt),
    isException: takenOverFromInstance !== null || outcome === 'cutShort' || outcome === 'failed',
  }
}

function ofCall(model: Model, call: Call): readonly Happening[] {
  const words = {
    stored: 'got the stored result',
    waited: `waited${call.behind === null ? '' : ` for ${call.behind}`}, got the result`,
    turnedAway: 'turned away',
    noRedis: 'no Redis: nothing ran',
    tooLate: null,
    ran: null,
    failed: call.executionId === null ? `failed: ${call.message}` : null,
    cutShort: call.waitingSince === null ? null : 'waited, cut short',
  }
  const what =
    call.outcome === null
      ? call.waitingSince === null
        ? null
        : `waits${call.behind === null ? '' : ` for ${call.behind}`}`
      : words[call.outcome]
  if (what === null) return []
  return [
    {
      ...common(model, call),
      id: `c:${call.id}`,
      at: call.askedAt,
      where: call.instance,
      what,
      howLong: call.tookMs === null ? '' : lengthOf(call.tookMs),
      isException: call.outcome === 'noRedis',
    },
  ]
}

function ofProcesses(model: Model): readonly Happening[] {
  return [...model.instances.values()].flatMap(({ name, frozen, gone, cut }) => [
    ...frozen.map(({ from, to }) => spell(`${name}:frozen:${from}`, name, 'frozen', from, to, true)),
    ...gone.map(({ from, to, reason }) =>
      spell(`${name}:gone:${from}`, name, reason === null ? 'killed' : `ended: ${reason}`, from, to, true),
    ),
    ...cut.map(({ from, to }) => spell(`${name}:cut:${from}`, name, 'network cut', from, to, true)),
  ])
}

function spell(
  id: string,
  where: string,
  what: string,
  from: number,
  to: number | null,
  isException: boolean,
): Happening {
  return {
    id,
    at: from,
    where,
    job: '',
    work: null,
    attempt: '',
    fence: '',
    what,
    howLong: to === null ? '' : lengthOf(to - from),
    isException,
  }
}
