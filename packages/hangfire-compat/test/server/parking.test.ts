import { expect, it } from 'vitest'
import { Parking } from '../../src/server/parking.ts'

it('a wake-up while no worker waits is for the next worker that would: it may have looked before', async () => {
  const parking = new Parking()
  parking.wake()
  await parking.wait()
  let isOver = false
  const waiting = parking.wait().then(() => (isOver = true))
  await Promise.resolve()
  expect(isOver).toBe(false)
  parking.wake()
  await waiting
})

it('wakes one at a time, the longest first, and all when it closes', async () => {
  const parking = new Parking()
  const woken: number[] = []
  const waiting = [1, 2, 3].map((number) => parking.wait().then(() => woken.push(number)))
  parking.wake()
  await waiting[0]
  expect(woken).toEqual([1])
  parking.close()
  await Promise.all([...waiting, parking.wait()])
  expect(woken).toEqual([1, 2, 3])
})
