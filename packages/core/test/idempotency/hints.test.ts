import { describe, expect, it } from 'vitest'
import type { ExecutionRecord } from '../../src/idempotency/record.ts'
import type { RecordEntry } from '../../src/storage/records.ts'
import { settle } from '../manual-runtime.ts'
import { createWorld, started, watched } from './world.ts'

const wait = { onInProgress: 'wait' } as const

const never = (): never => {
  throw new Error('this body must not run')
}

describe('a hint', () => {
  it.each(['run', 'waitForCompletion', 'watch'] as const)(
    'from another database of the server is no answer: %s',
    async (how) => {
      const { join } = createWorld()
      const execution = await started(join().idempotency)
      const { idempotency, link } = join()
      const seen: unknown[] = []
      const follow = async (): Promise<void> => {
        for await (const { result } of idempotency.watch('job', 'k')) seen.push(result)
      }
      const calls = {
        run: () => idempotency.run('job', 'k', wait, never),
        waitForCompletion: () => idempotency.waitForCompletion('job', 'k'),
        watch: follow,
      }
      const call = watched<unknown>(calls[how]())
      await settle()
      link.hint(await completedElsewhere())
      await settle()
      expect(call.state).toBe('pending')
      await execution.markSuccess('ours')
      await settle()
      if (how === 'watch') expect(seen).toEqual([undefined, 'ours'])
      else expect(call.value).toMatchObject({ result: 'ours' })
    },
  )

  it('costs no command while one execution runs, and one read after a takeover', async () => {
    const { runtime, commands, join } = createWorld()
    const dead = join()
    await started(dead.idempotency, { leaseMs: 5_000 })
    const { idempotency } = join()
    const states: unknown[] = []
    const follow = async (): Promise<void> => {
      for await (const state of idempotency.watch('job', 'k'))
        states.push([state.attempt, state.progressPercentage])
    }
    void follow()
    dead.link.blackHole = true
    await runtime.advance(5_001)
    commands.length = 0
    const second = await started(join().idempotency)
    await settle()
    expect(states).toContainEqual([2, 0])
    expect(commands.filter((command) => command.startsWith('read'))).toEqual(['read k'])
    commands.length = 0
    for (const percentage of [10, 20, 30]) {
      await second.updateProgress(percentage)
      await runtime.advance(300)
    }
    await second.markSuccess('r')
    await settle()
    expect(states.at(-1)).toEqual([2, 100])
    expect(commands.filter((command) => command.startsWith('read'))).toEqual([])
  })
})

/** What an app with the same prefix, in another database of the same server, has just stored under the same key. */
async function completedElsewhere(): Promise<RecordEntry> {
  const { storage, runtime, join } = createWorld()
  // Later than all that is stored here.
  await runtime.advance(60_000)
  await join().idempotency.run('job', 'k', () => 'theirs')
  const { entry } = await storage.records.read({ collection: 'app:job', id: 'k' })
  if (entry === null) throw new Error('nothing was stored')
  const record = JSON.parse(entry.value) as ExecutionRecord
  return { ...entry, value: JSON.stringify({ ...record, executionId: 'of-another-database-00' }) }
}
