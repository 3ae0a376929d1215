import { Injectable } from '@nestjs/common'
import { Test } from '@nestjs/testing'
import { memoryStorage } from '@holdfast/core'
import { HoldfastModule, IdempotentJob, OncePerSlot, currentExecution } from '@holdfast/nest'
import { expect, it, onTestFinished } from 'vitest'
import { deferred } from '../deferred.ts'

const runs: string[] = []

@Injectable()
class Reports {
  readonly gate = deferred()

  @OncePerSlot('report', (at: Date) => ({ at, everyMs: 3_600_000 }))
  async report(at: Date): Promise<string | undefined> {
    runs.push(at.toISOString())
    return currentExecution()?.jobKey
  }

  @OncePerSlot('minute', { everyMs: 3_600_000 })
  async minute(): Promise<void> {
    runs.push('minute')
  }

  @IdempotentJob('job', (id: string) => id, { onInProgress: 'skip' })
  async job(id: string): Promise<string | undefined> {
    runs.push(id)
    await this.gate.promise
    return id
  }
}

/** Instances of one service, over one storage. */
async function instances(count: number): Promise<Reports[]> {
  runs.length = 0
  const storage = memoryStorage()
  return Promise.all(
    Array.from({ length: count }, async () => {
      const imports = [HoldfastModule.forRoot({ storage })]
      const app = await Test.createTestingModule({ imports, providers: [Reports] }).compile()
      await app.init()
      onTestFinished(() => app.close())
      return app.get(Reports)
    }),
  )
}

it('of all instances that fire for a slot, late ones included, one works, and the others say nothing', async () => {
  const [first, ...others] = await instances(3)
  const at = new Date(Date.now() - 1_000)
  // The work is over before the next instance fires: a lock would be free again.
  expect(await first?.report(at)).toBe(at.toISOString())
  for (const late of others) expect(await late.report(at)).toBeUndefined()
  const next = new Date(at.getTime() + 1)
  expect(await Promise.all(others.map((instance) => instance.report(next)))).toContain(next.toISOString())
  expect(runs).toEqual([at.toISOString(), next.toISOString()])
})

it('takes the slot from the storage\u2019s clock where a schedule does not say for when it fires', async () => {
  const all = await instances(3)
  for (const instance of all) await instance.minute()
  expect(runs).toEqual(['minute'])
})

it('a job that runs elsewhere is skipped with a value', async () => {
  const [one, other] = await instances(2)
  const running = one?.job('a')
  await expect.poll(() => runs).toEqual(['a'])
  expect(await other?.job('a')).toBeUndefined()
  one?.gate.resolve()
  expect(await running).toBe('a')
  expect(await other?.job('a')).toBe('a')
  expect(runs).toEqual(['a'])
})
