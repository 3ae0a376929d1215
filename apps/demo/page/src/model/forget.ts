import type { Draft } from './draft.ts'
import { type Spell, type WorkState, workKey } from './model.ts'

/** As long as the server's snapshot goes back, and the overview of the picture. */
const KEPT_MS = 10 * 60_000

/** However short the time in which they were made: so many starts are kept. */
const MOST_CALLS = 8_000

const MOST_REVIEWS = 500

/** Old work is looked for once in this time, of events, or when there are so many calls too many. */
const EVERY_MS = 30_000
const EVERY_CALLS = 400

/** Drops work that ended more than ten minutes ago, so that a page that stays open does not grow. */
export function forgetOld(draft: Draft): void {
  if (draft.latest === null || draft.since === null) return
  const oldest = draft.latest - KEPT_MS
  if (draft.since > oldest - EVERY_MS && draft.calls.size <= MOST_CALLS + EVERY_CALLS) return
  const known = forgetWork(draft, oldest)
  const isKept = ({ at }: { readonly at: number }): boolean => at > known
  draft.rows = draft.rows.filter((row) => isKept(row) || draft.works.has(workKey(row)))
  draft.effects = draft.effects.filter((effect) => isKept(effect) || draft.works.has(workKey(effect)))
  draft.chapters = draft.chapters.filter(({ from, to }) => (to ?? from) >= oldest)
  draft.switches = draft.switches.filter(({ at }) => at >= oldest)
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
  for (const id of [...draft.reviews.keys()].slice(0, -MOST_REVIEWS)) draft.map('reviews').delete(id)
  draft.since = Math.max(draft.since, known)
}

/** In order of arrival. Gives the moment from which on all of it is known. */
function forgetWork(draft: Draft, oldest: number): number {
  let known = oldest
  for (const work of draft.works.values()) {
    const isTooMuch = draft.calls.size > MOST_CALLS
    if ((work.lastAt >= oldest && !isTooMuch) || !isOver(draft, work)) continue
    forget(draft, work)
    if (isTooMuch) known = Math.max(known, work.lastAt)
  }
  return known
}

function isOver(draft: Draft, { calls, attempts }: WorkState): boolean {
  return (
    calls.every((id) => draft.calls.get(id)?.answeredAt !== null) &&
    attempts.every((id) => draft.attempts.get(id)?.endedAt !== null)
  )
}

function forget(draft: Draft, work: WorkState): void {
  for (const id of work.calls) {
    if (draft.control.has(id)) draft.map('control').delete(id)
    draft.map('calls').delete(id)
  }
  for (const id of work.attempts) draft.map('attempts').delete(id)
  draft.map('works').delete(work.key)
}

function recent<S extends Spell>(spells: readonly S[], oldest: number): readonly S[] {
  return spells.every(({ to }) => to === null || to >= oldest)
    ? spells
    : spells.filter(({ to }) => to === null || to >= oldest)
}
