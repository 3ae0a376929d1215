import { Injectable } from '@nestjs/common'
import { Idempotency, IdempotentJob, currentExecution } from '@holdfast/nest'
import { describe, expect, it } from 'vitest'
import { deferred } from '../deferred.ts'
import { appOf } from './app-of.ts'

describe('@IdempotentJob', () => {
  @Injectable()
  class Reports {
    runs = 0
    readonly prefix = 'tenant-a'

    @IdempotentJob('report', (id: string) => id)
    async build(id: string): Promise<{ id: string; run: number }> {
      this.runs += 1
      await currentExecution()?.updateProgress(50, 'half')
      return { id, run: this.runs }
    }

    readonly gate = deferred()
    later: Promise<unknown> | undefined

    @IdempotentJob('leaves', 'only')
    async leavesSomething(): Promise<number | undefined> {
      this.later = this.gate.promise.then(() => currentExecution())
      return currentExecution()?.attempt
    }

    @IdempotentJob('flaky', 'only', { maxAttempts: 2 })
    async flaky(): Promise<number> {
      this.runs += 1
      if (this.runs < 2) throw new Error('first one fails')
      return currentExecution()?.attempt ?? 0
    }

    @IdempotentJob('checked', (id: string) => id, {
      fingerprint: (_id: string, amount: number) => ({ amount }),
    })
    async checked(id: string, amount: number): Promise<string> {
      return `${id} ${amount}`
    }

    @IdempotentJob('bound', function (this: Reports, id: string) {
      return `${this.prefix}:${id}`
    })
    async bound(id: string): Promise<string> {
      return id
    }
  }

  it('runs once for each key and replays the result', async () => {
    const app = await appOf(Reports)
    const reports = app.get(Reports)
    expect(await reports.build('a')).toEqual({ id: 'a', run: 1 })
    expect(await reports.build('a')).toEqual({ id: 'a', run: 1 })
    expect(await reports.build('b')).toEqual({ id: 'b', run: 2 })
    expect(reports.runs).toBe(2)
    expect(await app.get(Idempotency).getExecutionStatus('report', 'a')).toMatchObject({
      status: 'completed',
      progressMessage: 'half',
    })
    expect(currentExecution()).toBeUndefined()
    await app.close()
  })

  it('shows no execution to what a method has left running', async () => {
    const app = await appOf(Reports)
    const reports = app.get(Reports)
    expect(await reports.leavesSomething()).toBe(1)
    reports.gate.resolve()
    expect(await reports.later).toBeUndefined()
    await app.close()
  })

  it('counts attempts', async () => {
    const app = await appOf(Reports)
    const reports = app.get(Reports)
    await expect(reports.flaky()).rejects.toThrow('first one fails')
    expect(await reports.flaky()).toBe(2)
    await app.close()
  })

  it('refuses a key that stands for something else', async () => {
    const app = await appOf(Reports)
    const reports = app.get(Reports)
    expect(await reports.checked('a', 1)).toBe('a 1')
    await expect(reports.checked('a', 2)).rejects.toMatchObject({ code: 'FINGERPRINT_MISMATCH' })
    expect(await reports.checked('a', 1)).toBe('a 1')
    await app.close()
  })

  it('gives its functions the object as this', async () => {
    const app = await appOf(Reports)
    await app.get(Reports).bound('7')
    expect(await app.get(Idempotency).getExecutionStatus('bound', 'tenant-a:7')).toMatchObject({
      status: 'completed',
    })
    await app.close()
  })
})
