import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { createHoldfast, memoryStorage } from '@holdfast/core'
import { callChain } from '../src/support/call-chain.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** How a worker starts its next turn from within the current one. */
const ways: readonly [name: string, turns: number, begin: (next: () => void) => void][] = [
  ['setImmediate', 20_000, (next) => void setImmediate(next)],
  ['setTimeout', 300, (next) => void setTimeout(next, 0)],
  ['a call that is not awaited', 2_000, (next) => next()],
  ['a promise that is not awaited', 2_000, (next) => void later(next)],
]

async function later(next: () => void): Promise<void> {
  await Promise.resolve()
  next()
}

/** One turn, which starts the next one from within. `hold` gets the object that belongs to the turn. */
type Turn = (turn: number, next: () => void, hold: (given: object) => void) => Promise<unknown>

async function work(turns: number, turn: Turn, begin: (next: () => void) => void) {
  let collected = 0
  let longest = 0
  const registry = new FinalizationRegistry<undefined>(() => (collected += 1))
  const collectAll = async (): Promise<void> => {
    for (let i = 0; i < 10 && collected < turns - 10; i += 1) {
      collect()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  await new Promise<void>((resolve, reject) => {
    const go = (at: number): void => {
      let length = 0
      for (let link = callChain(); link !== undefined; link = link.outer) length += 1
      longest = Math.max(longest, length)
      // From within the last turn, so that all is still there that it holds.
      if (at === turns) return void collectAll().then(resolve, reject)
      const next = (): void => begin(() => go(at + 1))
      turn(at, next, (given) => registry.register(given, undefined)).catch(reject)
    }
    go(0)
  })
  return { longest, left: turns - collected }
}

describe.for(ways)('a worker that continues by %s', ([, count, begin]) => {
  it.for([
    ['locks', true],
    ['jobs', true],
    ['loads', false],
  ] as const)('drags nothing along of the turns before: %s', async ([what, isCounted]) => {
    await using holdfast = createHoldfast({ storage: memoryStorage() })
    const { locks, idempotency, cache } = holdfast
    const turns: Record<typeof what, Turn> = {
      locks: (turn, next, hold) =>
        locks.run(`a ${turn % 3}`, (lease) => {
          hold(lease)
          next()
        }),
      jobs: (turn, next, hold) =>
        idempotency.run('job', `k ${turn % 3}`, { completedWindowMs: 0 }, (execution) => {
          hold(execution)
          next()
        }),
      loads: (turn, next) =>
        cache.getOrCreate(`k ${turn % 3}`, () => {
          next()
          return undefined
        }),
    }
    const { longest, left } = await work(count, turns[what], begin)
    expect(longest).toBeLessThanOrEqual(4)
    if (isCounted) expect(left).toBeLessThanOrEqual(50)
  })
})

it('is known to what a body has left running, as long as a body around it runs', async () => {
  await using holdfast = createHoldfast({ storage: memoryStorage() })
  const { locks } = holdfast
  let left: Promise<unknown> | undefined
  let go = (): void => undefined
  await locks.run('outer', async () => {
    await locks.run('inner', () => {
      left = new Promise<void>((resolve) => (go = resolve)).then(async () => {
        await expect(locks.acquire('outer')).rejects.toMatchObject({ code: 'SELF_DEADLOCK' })
        await (await locks.acquire('inner')).release()
      })
    })
    go()
    await left
  })
  await (await locks.acquire('outer')).release()
})

it('is not the parent of an execution that starts after its end', async () => {
  await using holdfast = createHoldfast({ storage: memoryStorage() })
  const { idempotency } = holdfast
  let later: Promise<unknown> | undefined
  let go = (): void => undefined
  await idempotency.run('job', 'first', () => {
    later = new Promise<void>((resolve) => (go = resolve)).then(() => idempotency.run('job', 'next', () => 1))
  })
  go()
  await later
  expect(await idempotency.getExecutionStatus('job', 'next')).toMatchObject({ parentExecutionId: null })
})
