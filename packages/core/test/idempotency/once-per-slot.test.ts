import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { IdempotencyEvent, Slot } from '@holdfast/core'
import { settle } from '../manual-runtime.ts'
import { createWorld, gate, watched } from './world.ts'

const MINUTE = 60_000

const never = (): never => {
  throw new Error('this body must not run')
}

/** A schedule that has fired at a full minute, a little before now. */
function minuteOf(now: number): Slot & { readonly at: number } {
  return { at: Math.floor(now / MINUTE) * MINUTE, everyMs: MINUTE }
}

describe('oncePerSlot', () => {
  it('runs the work in one of the instances that fire, and returns the outcome to the others as a value', async () => {
    const { now, join } = createWorld()
    const slot = minuteOf(now())
    const [first, second, third] = [join({ instance: 'first' }), join(), join()].map((one) => one.idempotency)
    const done = gate<string>()
    const work = watched(
      first?.oncePerSlot('report', slot, () => done.promise) ?? Promise.reject(new Error()),
    )
    await settle()
    const skipping = await second?.oncePerSlot('report', slot, { onInProgress: 'skip' }, never)
    expect(skipping).toMatchObject({
      status: 'skipped',
      snapshot: { status: 'executing', instance: 'first' },
    })
    const standingBy = watched(second?.oncePerSlot('report', slot, never) ?? Promise.reject(new Error()))
    await settle()
    done.open('sent')
    await settle()
    expect(work.value).toMatchObject({ status: 'executed', result: 'sent', attempt: 1 })
    const late = await third?.oncePerSlot('report', { ...slot, at: new Date(slot.at) }, never)
    const skipped = {
      status: 'skipped',
      snapshot: { status: 'completed', result: 'sent', jobType: 'report' },
    }
    expect([standingBy.value, late]).toMatchObject([skipped, skipped])
  })

  it('works once for each slot, however quick the work is and however late an instance fires', async () => {
    const { runtime, now, join } = createWorld()
    const [one, other] = [join().idempotency, join().idempotency]
    const slot = minuteOf(now())
    const ran: string[] = []
    const fire = (of: typeof one, at: number) =>
      of.oncePerSlot('tick', { ...slot, at }, ({ jobKey }) => void ran.push(jobKey))
    await fire(one, slot.at)
    await runtime.advance(50)
    expect(await fire(other, slot.at)).toMatchObject({ status: 'skipped' })
    await runtime.advance(MINUTE)
    await fire(other, slot.at + MINUTE)
    expect(ran).toEqual([slot.at, slot.at + MINUTE].map((at) => new Date(at).toISOString()))
    // One that stood still for longer than the slot.
    expect(await fire(one, slot.at)).toEqual({ status: 'skipped', snapshot: null })
    expect(ran).toHaveLength(2)
  })

  it('is taken over from a crashed instance by one that waits, while the slot lasts', async () => {
    const { runtime, now, join } = createWorld()
    const dead = join()
    const slot = minuteOf(now())
    const options = { leaseMs: 5_000 }
    const hanging = dead.idempotency.oncePerSlot('report', slot, options, async (execution) => {
      await execution.saveCheckpoint('half')
      return await new Promise<never>(() => undefined)
    })
    hanging.catch(() => undefined)
    await settle()
    dead.link.blackHole = true
    const other = watched(
      join().idempotency.oncePerSlot('report', slot, options, ({ attempt, checkpoint }) => [
        attempt,
        checkpoint,
      ]),
    )
    await runtime.advance(6_000)
    expect(other.value).toMatchObject({ status: 'executed', result: [2, 'half'] })
  })

  it('is not taken over after the slot: the next one does the work', async () => {
    const { runtime, now, join } = createWorld()
    const dead = join()
    const slot = minuteOf(now())
    const hanging = dead.idempotency.oncePerSlot(
      'report',
      slot,
      { leaseMs: 2 * MINUTE },
      () => new Promise(() => {}),
    )
    hanging.catch(() => undefined)
    await settle()
    dead.link.blackHole = true
    const { idempotency } = join()
    const other = watched(idempotency.oncePerSlot('report', slot, never))
    await runtime.advance(MINUTE)
    expect(other.value).toMatchObject({ status: 'skipped', snapshot: { status: 'executing' } })
    const next = await idempotency.oncePerSlot('report', { ...slot, at: slot.at + MINUTE }, () => 'next')
    expect(next).toMatchObject({ status: 'executed', result: 'next' })
  })

  it.each([
    ['rerun', ['executed', 'skipped'], 2],
    ['replay', ['skipped', 'skipped'], 1],
  ] as const)('follows onFailed when the work fails: %s', async (onFailed, statuses, runs) => {
    const { now, join } = createWorld()
    const slot = minuteOf(now())
    let ran = 0
    const fire = () =>
      join().idempotency.oncePerSlot('report', slot, { onFailed }, () => {
        ran += 1
        if (ran === 1) throw new Error('no')
      })
    await expect(fire()).rejects.toThrow('no')
    const others = [await fire(), await fire()]
    expect(others.map(({ status }) => status)).toEqual(statuses)
    expect(ran).toBe(runs)
  })

  it('finds the slot by the storage where the scheduler does not say it: the one that is nearest', async () => {
    const { runtime, now, join } = createWorld()
    const { idempotency } = join()
    const everyMs = MINUTE
    const ran: string[] = []
    const fire = (slot: Slot) => idempotency.oncePerSlot('tick', slot, ({ jobKey }) => void ran.push(jobKey))
    const next = Math.ceil(now() / MINUTE) * MINUTE
    // A clock that is a second ahead, and one that is behind.
    await runtime.advance(next - now() - 1_000)
    await fire({ everyMs })
    await runtime.advance(2_000)
    await fire({ everyMs })
    expect(ran).toEqual([new Date(next).toISOString()])
    await fire({ everyMs, offsetMs: 5_000 })
    expect(ran[1]).toEqual(new Date(next + 5_000).toISOString())
  })

  it('takes a name for a slot that is no instant', async () => {
    const { join } = createWorld()
    const { idempotency } = join()
    const day = { id: '2026-11-29', everyMs: 24 * 60 * MINUTE }
    expect(await idempotency.oncePerSlot('report', day, () => 1)).toMatchObject({ status: 'executed' })
    expect(await idempotency.oncePerSlot('report', day, never)).toMatchObject({ status: 'skipped' })
  })

  it('reports of skipped calls only the execution that they met', async () => {
    const { now, join } = createWorld()
    const slot = minuteOf(now())
    await join().idempotency.oncePerSlot('report', slot, () => 1)
    const events: IdempotencyEvent[] = []
    const listen = (event: unknown): void => void events.push(event as IdempotencyEvent)
    subscribe('holdfast:idempotency', listen)
    await join().idempotency.oncePerSlot('report', slot, never)
    unsubscribe('holdfast:idempotency', listen)
    expect(events.map(({ type }) => type)).toEqual(['replayed'])
  })

  it('is traced as a run', async () => {
    const { now, join } = createWorld()
    const { start } = tracingChannel('holdfast:idempotency.run')
    const spans = new AsyncLocalStorage<unknown>()
    start.bindStore(spans, (call) => call)
    const slot = minuteOf(now())
    const { oncePerSlot } = join().idempotency
    const ran = await oncePerSlot('report', slot, () => spans.getStore())
    start.unbindStore(spans)
    const jobKey = new Date(slot.at).toISOString()
    expect(ran).toMatchObject({ result: { jobType: 'report', jobKey } })
  })

  it.each([
    [{ at: Number.NaN, everyMs: MINUTE }, /at must be/],
    [{ at: new Date(Number.NaN), everyMs: MINUTE }, /at must be a valid Date/],
    [{ at: '2026-11-29T00:00:00Z', everyMs: MINUTE }, /at must be a valid Date/],
    [{ at: 1_600_000_000, everyMs: MINUTE }, /milliseconds, not in seconds/],
    [{ id: '', everyMs: MINUTE }, /^slot.id must be/],
    [{ at: 1_600_000, everyMs: MINUTE, id: 'x' }, /one of at, id and offsetMs/],
    [{ at: 9_000_000_000_000, everyMs: MINUTE }, /begins in/],
    [{ everyMs: 0 }, /everyMs must be/],
    [{ every: MINUTE }, /Unknown option `slot.every`/],
    [null, /slot must be an object/],
  ])('refuses %o', async (slot, message) => {
    const { idempotency } = createWorld().join()
    await expect(idempotency.oncePerSlot('report', slot as never, never)).rejects.toThrow(message)
    expect(await idempotency.listJobTypes()).toEqual([])
  })

  it.each([
    { waitMs: 1 },
    { completedWindowMs: 1 },
    { onCompleted: 'rerun' },
    { fingerprint: 1 },
    { onInProgress: 'reject' },
  ])('refuses what the slot decides: %o', async (options) => {
    const { now, join } = createWorld()
    const run = join().idempotency.oncePerSlot('report', minuteOf(now()), options as never, never)
    await expect(run).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it.each<[string, unknown, unknown]>([
    ['report', { at: 'today', everyMs: MINUTE }, {}],
    ['report', { everyMs: MINUTE, offsetMs: 2 * MINUTE }, {}],
    ['report', { everyMs: MINUTE }, { maxAttempts: 0 }],
    ['', { everyMs: MINUTE }, {}],
  ])('refuses wrong arguments at the call, also in an outage: %o %o %o', async (job, slot, options) => {
    const { join } = createWorld()
    const { idempotency, link } = join()
    link.set('down')
    const run = idempotency.oncePerSlot(job, slot as never, options as never, never)
    await expect(run).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('holds for instances whose clocks differ, that are late, slow, and crash', async () => {
    const instance = fc.record({
      // When it fires for each slot: early and late by its own clock.
      skews: fc.array(fc.integer({ min: -400, max: 2_500 }), { minLength: 3, maxLength: 3 }),
      worksMs: fc.integer({ min: 0, max: 400 }),
      crashesInSlot: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }),
      onInProgress: fc.constantFrom('wait' as const, 'skip' as const),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(instance, { minLength: 2, maxLength: 5 }), async (instances) => {
        const { runtime, now, join } = createWorld()
        const everyMs = 1_000
        const first = Math.ceil(now() / everyMs) * everyMs + everyMs
        const done: { slot: number; at: number }[] = []
        const began: { slot: number; at: number }[] = []
        for (const { skews, worksMs, crashesInSlot, onInProgress } of instances) {
          const { idempotency, link } = join({ leaseMs: 200 })
          skews.forEach((skew, slot) => {
            const at = first + slot * everyMs
            runtime.setTimer(at + skew - now(), () => {
              const work = async (): Promise<void> => {
                began.push({ slot, at: now() - at })
                if (slot === crashesInSlot) {
                  link.blackHole = true
                  await new Promise(() => undefined)
                }
                await new Promise<void>((resolve) => void runtime.setTimer(worksMs, resolve))
                // A dead process does nothing more.
                if (!link.blackHole) done.push({ slot, at: now() - at })
              }
              idempotency.oncePerSlot('tick', { at, everyMs }, { onInProgress }, work).catch(() => undefined)
            })
          })
        }
        await runtime.advance(10_000)
        for (const slot of [0, 1, 2]) {
          expect(done.filter((one) => one.slot === slot).length).toBeLessThanOrEqual(1)
          const inTime = instances.filter(({ skews, crashesInSlot }) => {
            const isAlive = crashesInSlot === undefined || crashesInSlot > slot
            return isAlive && (skews[slot] ?? 0) < everyMs
          })
          const anyCrash = instances.some(({ crashesInSlot }) => crashesInSlot !== undefined)
          if (!anyCrash && inTime.length > 0) expect(done.some((one) => one.slot === slot)).toBe(true)
        }
        // An instance that waited until the end may have to take over then.
        for (const { at } of began) expect(at).toBeLessThanOrEqual(everyMs)
      }),
      { numRuns: 300 },
    )
  })
})
