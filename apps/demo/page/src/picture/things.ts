/** What happened in the rows, by time alone: where it stands in the picture is another matter. */
import type { Attempt, CacheUse, Call, Effect, Model } from '../model/model.ts'
import { workKey } from '../model/model.ts'
import type { BarState } from './shapes.ts'

export interface BarThing {
  readonly kind: 'bar'
  readonly id: string
  readonly from: number
  readonly to: number | null
  readonly parent: string | null
  readonly key: string
  readonly state: BarState
  readonly attempt: Attempt
  /** The wait that it grew out of. */
  readonly wait: string | null
}

export interface WaitThing {
  readonly kind: 'wait'
  readonly id: string
  readonly from: number
  readonly to: number | null
  readonly parent: string | null
  readonly key: string
  readonly end: 'result' | 'became' | 'open' | 'nothing' | 'cutShort'
  readonly call: Call
}

export interface StubThing {
  readonly kind: 'stub'
  readonly id: string
  readonly from: number
  readonly to: number
  readonly parent: string | null
  readonly key: string
  readonly call: Call
  /** It stands for so many: starts of one job in one row, at one moment, that got no answer of Redis. */
  readonly count: number
}

/** A start that did nothing: it was turned away, or got what was stored. */
export interface StartSign {
  readonly kind: 'sign'
  readonly sign: 'away' | 'stored'
  readonly at: number
  readonly key: string
  readonly call: Call
}

/** Work below the jobs that instances share by the cache: one computed a value, the others got it. */
export interface CacheSign {
  readonly kind: 'sign'
  readonly sign: 'loaded' | 'shared'
  readonly at: number
  readonly key: string
  readonly use: CacheUse
}

export type SignThing = StartSign | CacheSign

export type SpanThing = BarThing | WaitThing | StubThing

export interface Things {
  readonly spans: readonly SpanThing[]
  readonly signs: readonly SignThing[]
}

/** Starts of one moment come within this time. */
export const MOMENT_MS = 80

/** By instance, in order of time: what reaches into that stretch of time. */
export function thingsBetween(model: Model, from: number, to: number): ReadonlyMap<string, Things> {
  const rows = new Map<string, { spans: SpanThing[]; signs: SignThing[] }>()
  const rowOf = (instance: string): { spans: SpanThing[]; signs: SignThing[] } => {
    const row = rows.get(instance) ?? { spans: [], signs: [] }
    rows.set(instance, row)
    return row
  }
  const ran = new Map<string, Attempt>()
  model.attempts.forEach((attempt) => {
    if (attempt.startedAt > to || (attempt.endedAt ?? Infinity) < from) return
    if (attempt.callId !== null) ran.set(attempt.callId, attempt)
    const call = attempt.callId === null ? undefined : model.calls.get(attempt.callId)
    const state = stateOf(attempt)
    rowOf(attempt.instance).spans.push({
      kind: 'bar',
      id: attempt.executionId,
      from: attempt.startedAt,
      // Who woke up too late was there until its last write was refused.
      to: state === 'lost' ? lastTryOf(model, attempt) : attempt.endedAt,
      parent: attempt.parentExecutionId,
      key: workKey(attempt),
      state,
      attempt,
      wait: call?.waitingSince == null ? null : waitId(call),
    })
  })
  model.calls.forEach((call) => {
    if (call.askedAt > to || (call.answeredAt ?? Infinity) < from) return
    addCall(rowOf(call.instance), call, ran.get(call.id) ?? ownAttemptOf(model, call))
  })
  for (const use of model.cache.sharing) {
    if (use.at < from || use.at > to) continue
    const common = { kind: 'sign', at: use.at, key: `cache:${use.namespace}`, use } as const
    if (use.loaded > 0) rowOf(use.instance).signs.push({ ...common, sign: 'loaded' })
    if (use.shared > 0) rowOf(use.instance).signs.push({ ...common, sign: 'shared' })
  }
  for (const row of rows.values()) {
    row.spans = mergedStubs(row.spans)
    row.spans.sort(
      (a, b) => momentOf(a) - momentOf(b) || order(a) - order(b) || a.from - b.from || (a.id < b.id ? -1 : 1),
    )
    row.signs.sort((a, b) => a.at - b.at)
  }
  return rows
}

/** The attempt that a start which has its answer became. */
function ownAttemptOf(model: Model, { id, executionId }: Call): Attempt | undefined {
  const attempt = executionId === null ? undefined : model.attempts.get(executionId)
  return attempt?.callId === id ? attempt : undefined
}

/** What counted in that stretch of time: one for each attempt that came to its end, and every write that was refused. */
export interface SavedThing {
  readonly id: string
  readonly at: number
  readonly key: string
  readonly instance: string
  readonly attempt: Attempt | undefined
}

export function savedBetween(
  model: Model,
  from: number,
  to: number,
): { readonly saved: readonly SavedThing[]; readonly refused: readonly Effect[] } {
  const refused = model.effects.filter(
    ({ at, newestToken }) => newestToken !== null && at >= from && at <= to,
  )
  // What an attempt saved that did not come to its end was replaced by what the next one saved: the row `end` is what counts.
  const byAttempt = new Map<string, SavedThing>()
  for (const row of model.rows) {
    if (row.event !== 'end' || row.at < from || row.at > to) continue
    const id = `s:${row.executionId}`
    const attempt = model.attempts.get(row.executionId)
    byAttempt.set(id, { id, at: row.at, instance: row.instance, key: workKey(row), attempt })
  }
  return { saved: [...byAttempt.values()].toSorted((a, b) => a.at - b.at), refused }
}

function lastTryOf(model: Model, { endedAt, fencingToken, jobType, jobKey }: Attempt): number | null {
  if (endedAt === null) return null
  return model.effects.reduce(
    (last, effect) =>
      effect.newestToken !== null &&
      effect.fencingToken === fencingToken &&
      effect.jobType === jobType &&
      effect.jobKey === jobKey
        ? Math.max(last, effect.at)
        : last,
    endedAt,
  )
}

function addCall(
  row: { spans: SpanThing[]; signs: SignThing[] },
  call: Call,
  attempt: Attempt | undefined,
): void {
  const key = workKey(call)
  const { outcome, answeredAt, parentExecutionId: parent } = call
  const common = { key, call, parent }
  if (outcome === 'turnedAway' && answeredAt !== null) {
    row.signs.push({ kind: 'sign', sign: 'away', at: answeredAt, ...common })
  } else if (outcome === 'stored' && answeredAt !== null) {
    row.signs.push({ kind: 'sign', sign: 'stored', at: answeredAt, ...common })
  } else if (
    answeredAt !== null &&
    (outcome === 'noRedis' || (outcome === 'failed' && attempt === undefined))
  ) {
    row.spans.push({
      kind: 'stub',
      id: `c:${call.id}`,
      from: call.askedAt,
      to: answeredAt,
      count: 1,
      ...common,
    })
    return
  }
  const since = call.waitingSince ?? (outcome === 'waited' ? call.askedAt : null)
  if (since === null) return
  row.spans.push({
    kind: 'wait',
    id: waitId(call),
    from: since,
    to: attempt?.startedAt ?? answeredAt,
    end: endOf(call, attempt),
    ...common,
  })
}

/** Starts of one moment get their error one by one, and are one mark with a count. */
function mergedStubs(spans: readonly SpanThing[]): SpanThing[] {
  const first = new Map<string, StubThing>()
  const merged: SpanThing[] = []
  for (const span of spans) {
    const before = span.kind === 'stub' && span.call.outcome === 'noRedis' ? first.get(span.key) : undefined
    if (span.kind !== 'stub' || span.call.outcome !== 'noRedis') merged.push(span)
    else if (before === undefined || span.from - before.from > MOMENT_MS) {
      first.set(span.key, span)
      merged.push(span)
    } else {
      const grown = { ...before, to: Math.max(before.to, span.to), count: before.count + span.count }
      first.set(span.key, grown)
      merged[merged.indexOf(before)] = grown
    }
  }
  return merged
}

function endOf({ outcome }: Call, attempt: Attempt | undefined): WaitThing['end'] {
  if (attempt !== undefined) return 'became'
  if (outcome === null) return 'open'
  if (outcome === 'waited' || outcome === 'stored') return 'result'
  return outcome === 'cutShort' ? 'cutShort' : 'nothing'
}

function stateOf({ outcome, endedAt }: Attempt): BarState {
  if (endedAt === null || outcome === null) return 'running'
  switch (outcome) {
    case 'completed':
      return 'done'
    case 'failed':
    case 'unconfirmed':
    case 'abandoned':
      return 'failed'
    case 'lost':
      return 'lost'
    case 'released':
      return 'released'
    case 'cutShort':
      return 'cutShort'
  }
}

function waitId(call: Call): string {
  return `w:${call.id}`
}

/** Starts of one moment do not come in the same millisecond. */
function momentOf({ from }: SpanThing): number {
  return Math.floor(from / 100)
}

/** Of one moment, what runs comes first. */
function order({ kind }: SpanThing): number {
  return kind === 'bar' ? 0 : 1
}
