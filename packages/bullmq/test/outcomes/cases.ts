import { beforeAll, describe, expect, it } from 'vitest'
import { type Seen, playAll } from './scene.ts'
import { CELLS, type Cell, attemptsMade, nameOf, outcomeOf } from './table.ts'

/** A test for each cell of the table, on the version of BullMQ that the file has. */
export function outcomeCases(version: string): void {
  describe(`BullMQ ${version}`, () => {
    let seen: ReadonlyMap<Cell, Seen>
    beforeAll(async () => {
      seen = await playAll()
    })

    it.each(CELLS.map((cell) => [nameOf(cell), cell] as const))('%s', (_name, cell) => {
      const { begun, done, aborted, job, state } = seen.get(cell) as Seen
      const expected = outcomeOf(cell)
      expect({
        state,
        value: state === 'failed' ? job.failedReason : job.returnvalue,
        begun: begun.length,
        done: done.length,
        execution: begun.at(-1)?.execution,
      }).toEqual({ execution: undefined, ...expected })
      if (expected.done === 1) expect(done).toEqual([expected.value])
      expect(job.attemptsMade).toBe(attemptsMade(cell))
      expect(aborted).toEqual(abortsOf(cell))
    })
  })
}

/** Which one is lost is what the signal says. Where both are, it is the one that is noticed first. */
function abortsOf({ lock, lease }: Cell): unknown[] {
  if (lease === 'lost') {
    return [
      lock === 'held' ? 'LEASE_LOST' : (expect.stringMatching(/^(LEASE_LOST|JOB_LOCK_LOST)$/) as unknown),
    ]
  }
  return lease === 'held' && lock !== 'held' ? ['JOB_LOCK_LOST'] : []
}
