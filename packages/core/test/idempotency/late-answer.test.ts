import { describe, expect, it } from 'vitest'
import { settle } from '../manual-runtime.ts'
import { createWorld, watched } from './world.ts'

/** The claim of `p` is executed, the connection breaks, and is back only when the lease may be over. */
async function claimAnsweredLate(options: { readonly heldUpdates?: (() => Promise<unknown>)[] } = {}) {
  const world = createWorld()
  const p = world.join({ callTimeoutMs: 5_000, leaseMs: 1_000 })
  await p.idempotency.begin('job', 'warm-up')
  p.link.once('create', 'broken')
  if (options.heldUpdates !== undefined) {
    const { heldUpdates } = options
    p.link.once('replace', { held: (execute) => void heldUpdates.push(execute) })
  }
  const begun = watched(p.idempotency.begin('job', 'k'))
  await settle()
  p.link.set('down')
  await world.runtime.advance(1_200)
  world.commands.length = 0
  p.link.set('ready')
  await settle()
  return { ...world, ...p, begun }
}

describe('a claim that was answered later than its lease lasts', () => {
  it('runs no body before the lease was renewed', async () => {
    const { begun, commands, now } = await claimAnsweredLate()
    expect(commands.slice(0, 2)).toEqual(['create k', 'replace k'])
    const { value } = begun
    if (value?.status !== 'started') throw new Error(`not started: ${value?.status}`)
    expect(value.execution.signal.aborted).toBe(false)
    expect(now() - value.execution.startTime.getTime()).toBeGreaterThan(1_000)
    expect(value.execution.attempt).toBe(1)
  })

  it('runs nothing when another process took the key over meanwhile', async () => {
    const heldUpdates: (() => Promise<unknown>)[] = []
    const { begun, join } = await claimAnsweredLate({ heldUpdates })
    const other = await join().idempotency.begin('job', 'k')
    expect(other).toMatchObject({ status: 'started', execution: { attempt: 2 } })
    await heldUpdates[0]?.()
    await settle()
    expect(begun.value).toMatchObject({ status: 'inProgress', snapshot: { attempt: 2 } })
  })
})
