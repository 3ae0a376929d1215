import type { Model, Spell } from '../model/model.ts'

export interface Interval {
  readonly from: number
  readonly to: number
}

/** When anything ran, waited, was asked or was broken: sorted, and joined where one overlaps the next. */
export function busyTimes(model: Model, now: number): readonly Interval[] {
  const open = ({ from, to }: Spell): Interval => ({ from, to: to ?? now })
  const moment = (at: number): Interval => ({ from: at, to: at })
  const all: { from: number; to: number }[] = []
  // Most follow the one before them in time: those need no place of their own.
  const add = (from: number, to: number): void => {
    const last = all.at(-1)
    if (last === undefined || from < last.from || from > last.to) all.push({ from, to })
    else if (to > last.to) last.to = to
  }
  model.attempts.forEach(({ startedAt, endedAt }) => add(startedAt, endedAt ?? now))
  model.calls.forEach(({ askedAt, answeredAt }) => add(askedAt, answeredAt ?? now))
  all.push(
    ...model.effects.map(({ at }) => moment(at)),
    ...model.redis.stopped.map(open),
    ...model.gaps,
    ...[...model.instances.values()].flatMap(({ frozen, cut, gone }) => [
      ...frozen.map(open),
      ...cut.map(open),
      // That it stays away is no event: its end and its new start are.
      ...gone.flatMap(({ from, to }) => [moment(from), ...(to === null ? [] : [moment(to)])]),
    ]),
  )
  return joined(all)
}

function joined(intervals: readonly Interval[]): readonly Interval[] {
  const result: { from: number; to: number }[] = []
  for (const { from, to } of intervals.toSorted((a, b) => a.from - b.from)) {
    const last = result.at(-1)
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to)
    else result.push({ from, to })
  }
  return result
}
