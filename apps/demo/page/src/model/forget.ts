import type { Draft } from './draft.ts'
import { type Forgotten, type Spell, type WorkState, workKey } from './model.ts'

/** As long as the server's snapshot goes back, and the overview of the picture. */
const KEPT_MS = 10 * 60_000

/** Old work is looked for once in this time, of events. */
const EVERY_MS = 30_000

/** Drops work that ended more than ten minutes ago, so that a page that stays open does not grow. Its numbers stay. */
export function forgetOld(draft: Draft): void {
  if (draft.latest === null || draft.since === null) return
  const oldest = draft.latest - KEPT_MS
  if (draft.since > oldest - EVERY_MS) return
  for (const work of draft.works.values())
    if (work.lastAt < oldest && isOver(draft, work)) forget(draft, work)
  draft.rows = draft.rows.filter(({ at }) => at >= oldest)
  draft.effects = draft.effects.filter(({ at }) => at >= oldest)
  draft.chapters = draft.chapters.filter(({ from, to }) => (to ?? from) >= oldest)
  draft.gaps = draft.gaps.filter(({ to }) => to >= oldest)
  draft.redis = { ...draft.redis, stopped: recent(draft.redis.stopped, oldest) }
  for (const [name, instance] of draft.instances) {
    draft.map('instances').set(name, {
      ...instance,
      frozen: recent(instance.frozen, oldest),
      cut: recent(instance.cut, oldest),
      gone: recent(instance.gone, oldest),
      disconnected: recent(instance.disconnected, oldest),
      breakerOpen: recent(instance.breakerOpen, oldest),
    })
  }
  draft.since = oldest
}

function isOver(draft: Draft, { calls, attempts }: WorkState): boolean {
  return (
    calls.every((id) => draft.calls.get(id)?.answeredAt !== null) &&
    attempts.every((id) => draft.attempts.get(id)?.endedAt !== null)
  )
}

function forget(draft: Draft, work: WorkState): void {
  let { starts, controlTooMany, controlSaved, ended } = draft.forgotten
  const byOutcome: { -readonly [Key in keyof Forgotten['byOutcome']]: Forgotten['byOutcome'][Key] } = {
    ...draft.forgotten.byOutcome,
  }
  for (const id of work.calls) {
    const call = draft.calls.get(id)
    const control = draft.control.get(id)
    if (control !== undefined) draft.map('control').delete(id)
    if (call?.parentExecutionId === null && call.outcome !== null) {
      starts += 1
      byOutcome[call.outcome] = (byOutcome[call.outcome] ?? 0) + 1
      if (control === 'tooMany') controlTooMany += 1
      if (control === 'saved') controlSaved += 1
    }
    draft.map('calls').delete(id)
  }
  for (const id of work.attempts) draft.map('attempts').delete(id)
  draft.map('works').delete(work.key)
  if (draft.rows.some((row) => row.event === 'end' && workKey(row) === work.key)) ended += 1
  draft.forgotten = { starts, byOutcome, controlTooMany, controlSaved, ended }
}

function recent<S extends Spell>(spells: readonly S[], oldest: number): readonly S[] {
  return spells.every(({ to }) => to === null || to >= oldest)
    ? spells
    : spells.filter(({ to }) => to === null || to >= oldest)
}
