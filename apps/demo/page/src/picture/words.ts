/** What each sign of the picture says: in its tooltip, in the table, to a screen reader. */
import { lengthOf, ordinal } from '../format.ts'
import {
  type Attempt,
  type CacheUse,
  type Call,
  type Effect,
  type Model,
  rankOf,
  type Spell,
  workKey,
} from '../model/model.ts'
import { nameOf } from '../model/names.ts'
import type { SavedThing, StubThing } from './things.ts'

export function attemptWords(model: Model, attempt: Attempt): string {
  const name = nameOf(model, attempt)
  const rank = rankOf(model.works.get(workKey(attempt)), attempt.fencingToken)
  const first =
    attempt.takenOverFrom === null
      ? `${name} on ${attempt.instance}`
      : `${name}, ${ordinal(rank)} attempt, on ${attempt.instance}: took over from ${attempt.takenOverFromInstance ?? 'an instance that is gone'} at ${attempt.fromPercent} %`
  return `${first}, ${becameOf(model, attempt)}`
}

/** Why it lost its lease, as far as the page has seen it. */
export function lossWords(model: Model, { instance, startedAt, endedAt, takenOverAt }: Attempt): string {
  const { frozen = [], cut = [] } = model.instances.get(instance) ?? {}
  const end = endedAt ?? Infinity
  const wasIn = (spells: readonly Spell[]): boolean =>
    spells.some(({ from, to }) => from <= end && (to ?? Infinity) >= startedAt)
  const after = takenOverAt === null ? '' : ': another attempt had taken over'
  if (wasIn(frozen)) return `woke up too late${after}`
  return `lost its lease${wasIn(cut) ? ', it had no network' : ''}${after}`
}

function becameOf(model: Model, attempt: Attempt): string {
  const { outcome, startedAt, endedAt, percent } = attempt
  const ran = endedAt === null ? '' : lengthOf(endedAt - startedAt)
  switch (outcome) {
    case null:
      return attempt.takenOverAt === null ? `running, ${percent} %` : 'silent, taken over'
    case 'completed':
      return `done in ${ran}`
    case 'failed':
      return `failed after ${ran}${attempt.message === null ? '' : `: ${attempt.message}`}`
    case 'cutShort':
      return `cut short at ${percent} % after ${ran}: its process was gone`
    case 'lost':
      return lossWords(model, attempt)
    case 'released':
      return `stopped and set free at ${percent} %`
    case 'unconfirmed':
      return `ended after ${ran}, not confirmed`
    case 'abandoned':
      return `given up after ${ran}`
  }
}

export function waitWords(model: Model, call: Call): string {
  const first = `${nameOf(model, call)} on ${call.instance} waits${call.behind === null ? '' : ` for ${call.behind}`}`
  const { outcome, waitingSince, askedAt, answeredAt } = call
  const waited = lengthOf((answeredAt ?? askedAt) - (waitingSince ?? askedAt))
  if (outcome === null) return first
  if (outcome === 'waited' || outcome === 'stored') return `${first}, got the result after ${waited}`
  if (outcome === 'ran') return `${first}, then ran it`
  if (outcome === 'turnedAway') return `${first}, turned away after ${waited}`
  if (outcome === 'cutShort') return `${first}, cut short: its process was gone`
  return `${first}, ended after ${waited}: ${call.message}`
}

export function stubWords(model: Model, { call, count, from, to }: Omit<StubThing, 'kind'>): string {
  const times = count === 1 ? '' : `${count} starts of `
  const what = call.outcome === 'noRedis' ? 'no Redis' : `failed: ${call.message}`
  return `${times}${nameOf(model, call)} on ${call.instance}: ${what} after ${lengthOf(to - from)}; nothing ran`
}

export function signWords(model: Model, sign: 'away' | 'stored', calls: readonly Call[]): string {
  const [call] = calls
  if (call === undefined) return ''
  const times = calls.length === 1 ? '' : `${calls.length} starts of `
  const what = sign === 'stored' ? 'got the stored result' : `turned away: it runs ${runsWhere(model, call)}`
  return `${times}${nameOf(model, call)} on ${call.instance} ${what}`
}

/** `instance-2 computed analysis`, `instance-1 got analysis 2 times from who had computed it` */
export function cacheWords(use: CacheUse, sign: 'loaded' | 'shared', count: number): string {
  const times = count === 1 ? '' : ` ${count} times`
  return sign === 'loaded'
    ? `${use.instance} computed ${use.namespace}${times}; the cache keeps it for all`
    : `${use.instance} got ${use.namespace}${times} from the cache, and computed nothing`
}

function runsWhere(model: Model, call: Call): string {
  const running = call.executionId === null ? undefined : model.attempts.get(call.executionId)
  return running === undefined ? 'already' : `on ${running.instance}`
}

export function savedWords(model: Model, things: readonly SavedThing[]): string {
  return things
    .map(({ key, instance }) => {
      const work = model.works.get(key)
      return `${work === undefined ? key : nameOf(model, work)} saved by ${instance}`
    })
    .join(', ')
}

/** `late write refused: fence 1 is older than 2` */
export function refusedWords(model: Model, { fencingToken, newestToken, ...effect }: Effect): string {
  const work = model.works.get(workKey(effect))
  return `late write refused: fence ${rankOf(work, fencingToken)} is older than ${rankOf(work, newestToken ?? 0)}`
}
