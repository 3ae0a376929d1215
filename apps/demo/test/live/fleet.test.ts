/** The instances themselves: one that ends by itself, one that is started by hand, and the end of all. */
import { readdirSync } from 'node:fs'
import { beforeEach, describe, it } from 'vitest'
import { onlyInWholeDemo } from '../whole-demo.ts'
import { aWorld } from './a-world.ts'

const isGone = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return false
  } catch {
    return true
  }
}

describe('an instance that is gone', () => {
  beforeEach(onlyInWholeDemo)

  it('is in the news, refuses what needs it, and is started by hand', async ({ expect, onTestFinished }) => {
    const { world, all, until } = await aWorld({ onTestFinished }, { instances: 2 })
    const [one, two] = world.state().instances
    expect(await world.act('start', { instance: 'instance-1' })).toMatchObject({ ok: false })
    process.kill(one?.pid ?? 0, 'SIGTERM')
    expect(await until('instance.exited')).toMatchObject({ instance: 'instance-1', source: 'coordinator' })
    expect(world.state().instances[0]).toMatchObject({ state: 'gone', pid: null })
    for (const act of ['kill', 'freeze', 'thaw'] as const)
      expect(await world.act(act, { instance: 'instance-1' })).toEqual({
        ok: false,
        message: 'instance-1 is gone. Start it first.',
      })

    await world.act('fire', { times: 2, waiting: 0 })
    await until('call.answered', () => all('call.answered').length === 2)
    expect(all('call.answered').map(({ source }) => source)).toEqual(['instance-2', 'instance-2'])
    expect(await world.act('start', { instance: 'instance-1' })).toMatchObject({ ok: true })
    const { pid } = await until('instance.started')
    expect(pid).not.toBe(one?.pid)
    expect(world.state().instances).toMatchObject([{ state: 'up', pid }, { pid: two?.pid }])

    // Each process measures itself.
    const measured = (await world.measure()).map((measures) => [
      ...new Set(measures.flatMap(({ values }) => values.map(({ labels }) => labels['instance']))),
    ])
    expect(measured).toEqual([['instance-1'], ['instance-2']])
    await world.act('freeze', { instance: 'instance-2' })
    // A scrape does not wait for one that stands still.
    expect((await world.measure())[1]).toEqual([])
    expect(await world.act('freeze', { instance: 'instance-2' })).toMatchObject({ ok: false })
    expect(await world.act('kill', { instance: 'instance-2' })).toMatchObject({ ok: true })
    expect(isGone(two?.pid ?? 0)).toBe(true)
    expect(all('instance.killed')).toMatchObject([{ instance: 'instance-2' }])
  })
})

/** Processes that this one has started, and that are there. */
const children = (): number =>
  process.getActiveResourcesInfo().filter((resource) => resource === 'ProcessWrap').length

describe('a world that is closed', () => {
  it('leaves no process, whatever its instances are doing, and a run without Holdfast', async ({
    expect,
    onTestFinished,
  }) => {
    const before = children()
    const { world, folder, until } = await aWorld({ onTestFinished })
    await world.act('fire', { times: 6, waiting: 3 })
    const { source } = await until('attempt.started')
    expect(await world.act('without', {})).toMatchObject({ ok: true })
    await until('attempt.seen', ({ percent }) => percent >= 30)
    await world.act('freeze', { instance: source })
    const again = { instance: source === 'instance-1' ? 'instance-2' : 'instance-1' }
    await world.act('kill', again)
    const starting = world.act('start', again)
    expect(
      world
        .state()
        .instances.map(({ state }) => state)
        .toSorted(),
    ).toEqual(['frozen', 'starting', 'up'])
    const pids = world.state().instances.flatMap(({ pid }) => pid ?? [])
    expect(pids.filter(isGone)).toEqual([])
    expect(children()).toBeGreaterThan(before)
    await world.close()
    expect(pids.filter(isGone)).toEqual(pids)
    await starting
    // Those of another test may have ended meanwhile.
    expect(children()).toBeLessThanOrEqual(before)
    expect(readdirSync(folder)).toContain('live.sqlite')
    expect(readdirSync(folder)).not.toContain('checkout')
  })
})

describe('a reviewer', () => {
  beforeEach(onlyInWholeDemo)

  it('that fails makes its job fail, on instances that are started later, too', async ({
    expect,
    onTestFinished,
  }) => {
    const { world, all, until } = await aWorld({ onTestFinished }, { instances: 1 })
    await world.act('kill', { instance: 'instance-1' })
    expect(await world.act('reviewer', { mode: 'failing' })).toMatchObject({ ok: true })
    expect(world.state().reviewer).toBe('failing')
    await world.act('reviewer', { mode: 'failing' })
    // Of what changes nothing there is nothing to show.
    expect(all('reviewer').map(({ mode }) => mode)).toEqual(['failing'])
    expect(await world.act('fire', { times: 1, waiting: 0 })).toMatchObject({ ok: false })
    await world.act('start', { instance: 'instance-1' })
    await world.act('fire', { times: 1, waiting: 0 })
    expect(await until('call.answered')).toMatchObject({ outcome: 'failed' })
    expect(await until('attempt.ended')).toMatchObject({ outcome: 'failed' })
    expect(await until('review', ({ state }) => state === 'Rejected')).toMatchObject({
      hasFailed: true,
      percent: 70,
      reason: expect.stringMatching(/./),
    })
    await world.act('reviewer', { mode: 'normal' })
    const { jobKey } = await until('attempt.started')
    await world.act('fire', { times: 1, waiting: 0, jobKey })
    expect(await until('review', ({ state }) => state === 'HumanReview')).toMatchObject({
      id: jobKey,
      attempt: 2,
    })
  })
})
