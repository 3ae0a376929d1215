import { type History, mayBeForgotten } from '../history.ts'
import type { Violation } from './violation.ts'

/**
 * What is replayed is what the execution of that id had to say, and only of one whose success was not refused: unless
 * the storage recorded it first and forgot it then.
 */
export function checkReplays(history: History): Violation[] {
  const owners = new Map([...history.ownerships.values()].flat().map((each) => [each.owner, each]))
  return history.replays.flatMap(({ key, at, owner, result }) => {
    const execution = owners.get(owner)
    const { ending, ended } = execution ?? {}
    const fault =
      execution === undefined || ending?.how !== 'success'
        ? `which never said that it succeeded`
        : ended?.accepted === false && !mayBeForgotten(history, ending.at, ended.at)
          ? `whose success was refused`
          : ending.result !== result
            ? `whose result was ${ending.result}`
            : undefined
    if (fault === undefined) return []
    return [{ rule: 'faithful replays', key, at, what: `${result} was replayed from ${owner}, ${fault}` }]
  })
}
