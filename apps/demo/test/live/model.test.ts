/** The second reviewer in a fleet of processes, one of which is killed in the middle of a call that is paid for. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, it } from 'vitest'
import type { ModelCallView } from '../../src/events/model-news.ts'
import { MODEL_CALLS } from '../../src/jobs/guarded-work.ts'
import { MODEL_DEFAULTS } from '../../src/model/model-settings.ts'
import { startModelStub } from '../../src/model-stub/model-stub.ts'
import { openStore } from '../../src/store/store.ts'
import { createRepository } from '../repository.ts'
import { onlyInWholeDemo } from '../whole-demo.ts'
import { aWorld } from './a-world.ts'

const KEY = 'sk-hush-hush-hush'
const REVIEWS = [1, 2, 3] as const

describe('a fleet', () => {
  beforeEach(onlyInWholeDemo)

  it('asks a model twice at a time, and shows what a killed instance has paid for', async ({
    expect,
    onTestFinished,
  }) => {
    const gate = Promise.withResolvers<void>()
    const stub = await startModelStub({
      key: KEY,
      behave: ({ number }) => ({ kind: 'answer', ...(number <= 2 ? { after: gate.promise } : {}) }),
    })
    onTestFinished(() => stub.close())
    const repository = createRepository(onTestFinished)
    repository.commit({ 'a.txt': 'price\n' })
    for (const n of REVIEWS) repository.commit({ [`${n}.txt`]: `total = price * 1.${n}\n` })
    const model = { ...MODEL_DEFAULTS, url: stub.url, key: KEY, model: 'stub', inputPrice: 1, outputPrice: 1 }
    const { world, folder, all, until } = await aWorld(
      { onTestFinished },
      { repo: repository.path, paceMs: 0, model },
    )
    const heard: unknown[] = []
    world.subscribe((event) => void heard.push(event))
    for (const n of REVIEWS) {
      await world.act('review', {
        base: `HEAD~${REVIEWS.length - n + 1}`,
        head: `HEAD~${REVIEWS.length - n}`,
      })
    }
    const ids = await Promise.all(
      REVIEWS.map(async (n) => (await until('review', ({ number }) => number === n)).id),
    )
    const calls = async (): Promise<readonly ModelCallView[]> =>
      (await Promise.all(ids.map(async (id) => (await world.review(id))?.second?.calls ?? []))).flat()

    // Two are asking, the third waits for one of them, and the world tells what the model writes meanwhile.
    await until(
      'lock',
      ({ name, holders, waiting }) => name === MODEL_CALLS && holders.length === 2 && waiting.length > 0,
    )
    await expect.poll(() => stub.open()).toBe(2)
    await until('attempt.seen', ({ message }) =>
      /^Analyse: stub has written \d+ characters$/.test(message ?? ''),
    )
    await expect.poll(calls).toMatchObject([{ state: 'begun' }, { state: 'begun' }])

    const victim = (await calls())[0]?.instance ?? ''
    await world.act('kill', { instance: victim })
    await expect.poll(calls).toContainEqual(expect.objectContaining({ state: 'lost', instance: victim }))
    const survivors = world.state().instances.flatMap(({ name }) => (name === victim ? [] : [name]))
    for (const jobKey of ids) {
      await world.act('fire', { times: 1, waiting: 1, jobKey, instances: survivors.slice(0, 1) })
    }
    // Its permit comes back: another asks, while who holds the other permit still does.
    await expect.poll(() => stub.requests.length).toBeGreaterThan(2)
    gate.resolve()
    for (const id of ids)
      await until('review', (review) => review.id === id && review.state === 'HumanReview')

    const paid = await calls()
    const lost = paid.filter(({ state }) => state === 'lost')
    expect(lost.length).toBeGreaterThan(0)
    expect(lost).toEqual(
      lost.map((call) => ({
        ...call,
        instance: victim,
        isEstimate: true,
        note: 'The instance that asked is gone.',
      })),
    )
    expect(paid.filter(({ state }) => state === 'answered')).toHaveLength(REVIEWS.length)
    expect(paid).toHaveLength(REVIEWS.length + lost.length)
    expect(stub.requests).toHaveLength(paid.length)
    expect(stub.mostAtOnce()).toBe(2)
    const { input, output } = stub.tokens()
    const unheard = lost.reduce((sum, { cost }) => sum + cost, 0)
    expect(unheard).toBeGreaterThan(0)
    expect(world.spent()).toMatchObject({ lostCost: unheard })
    // The stub has counted also what no instance was there to hear.
    const answered = paid.filter(({ state }) => state === 'answered')
    const said = answered.reduce((sum, call) => sum + call.inputTokens + call.outputTokens, 0)
    expect(said).toBeLessThanOrEqual(input + output)
    expect(answered.reduce((sum, { cost }) => sum + cost, 0)).toBe(said)

    const store = openStore(join(folder, 'live.sqlite'))
    onTestFinished(() => store.close())
    for (const id of ids) {
      expect(store.effects.charges(id)).toHaveLength(1)
      expect(store.reviews.findings(id).map(({ rule }) => rule)).toContain('model/float-for-money')
    }
    await until('lock', ({ name, holders, waiting, at }) => {
      const isOver = at > (all('review').at(-1)?.at ?? 0) - 1_000
      return name === MODEL_CALLS && isOver && holders.length + waiting.length === 0
    })

    const written = readdirSync(folder, { withFileTypes: true })
      .filter((file) => file.isFile())
      .map(({ name }) => readFileSync(join(folder, name), 'latin1'))
    expect(written.join('').length).toBeGreaterThan(1_000)
    expect(written.join('')).not.toContain(KEY)
    expect(JSON.stringify([heard, world.state(), paid])).not.toContain(KEY)
  })
})
