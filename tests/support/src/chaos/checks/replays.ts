import { type History, mayBeForgotten, type Ownership } from '../history.ts'
import type { Violation } from './violation.ts'

/**
 * A replay has the result of the execution with that id, and that success was not refused. Exception: the storage recorded
 * it at its first sending, and then forgot it, or replaced it after its window, before the second sending.
 */
export function checkReplays(history: History, windowMsOf: (key: string) => number): Violation[] {
  const owners = new Map([...history.ownerships.values()].flat().map((each) => [each.owner, each]))
  return history.replays.flatMap(({ key, at, owner, result }) => {
    const execution = owners.get(owner)
    const { ending, ended } = execution ?? {}
    const fault =
      execution === undefined || ending?.how !== 'success'
        ? `which never said that it succeeded`
        : ended?.accepted === false && !mayBeGone(history, execution, windowMsOf(key))
          ? `whose success was refused`
          : ending.result !== result
            ? `whose result was ${ending.result}`
            : undefined
    if (fault === undefined) return []
    return [{ rule: 'faithful replays', key, at, what: `${result} was replayed from ${owner}, ${fault}` }]
  })
}

/** A success recorded at its first sending may be gone when the last sending is refused. */
function mayBeGone(history: History, { key, ending, ended }: Ownership, windowMs: number): boolean {
  if (ending === undefined || ended === undefined) return false
  if (mayBeForgotten(history, ending.at, ended.at)) return true
  const owners = history.ownerships.get(key) ?? []
  return owners.some(({ at }) => at >= ending.at + windowMs * 1_000 && at < ended.at)
}
