/** The step about shared work where an instance has too much to do, played by a scene that was written down. */
import { describe, it } from 'vitest'
import type { CacheNews, Work } from '../../src/events/page-event.ts'
import type { WorldEvent } from '../../src/live/world.ts'
import { Missed, type Scene } from '../../src/tour/step.ts'
import { shared } from '../../src/tour/steps/shared.ts'
import { STATE } from '../server/small-world.ts'

const NAMES = ['instance-1', 'instance-2', 'instance-3'] as const
const NOTHING = { fromMemory: 0, fromRedis: 0, shared: 0, loaded: 0, refusedFills: 0, bypassed: 0 }

const UP = { client: 'memory', framework: 'fastify', state: 'up', isCut: false, pid: null } as const

type Sample = Partial<Omit<CacheNews, 'type' | 'namespace'>>

const GOOD: readonly Sample[] = [
  { instance: 'instance-1', loaded: 1 },
  { instance: 'instance-2', shared: 1 },
  { instance: 'instance-3', fromRedis: 1 },
]
const ALONE: readonly Sample[] = [
  { instance: 'instance-1', loaded: 1 },
  { instance: 'instance-2', bypassed: 1 },
  { instance: 'instance-3', fromRedis: 1 },
  { instance: 'instance-2', loaded: 1 },
]
const IMPATIENT: readonly Sample[] = [
  { instance: 'instance-1', loaded: 1 },
  { instance: 'instance-2', shared: 1, loaded: 1 },
  { instance: 'instance-3', fromRedis: 1 },
]

/** @param tries what the caches say of each try */
function sceneOf(tries: readonly (readonly Sample[])[]) {
  const events: WorldEvent[] = []
  const said: string[] = []
  const about: Work[] = []
  let calls = 0
  let begun = 0
  const fire: Scene['fire'] = async ({
    jobType = 'ai-review',
    jobKey = `review-${begun + 1}`,
    instances,
  }) => {
    const work = { jobType, jobKey }
    const source = instances?.[0] ?? 'instance-1'
    const of = { at: 0, source }
    calls += 1
    const ids = { callId: `call-${calls}`, executionId: `execution-${calls}` }
    const run = { ...work, ...ids, attempt: 1, instance: source, detail: '' }
    events.push(
      { ...of, ...work, ...ids, type: 'call.asked', policy: 'wait', parentExecutionId: null },
      { ...of, ...run, source: 'database', type: 'row', event: 'begin' },
      { ...of, ...run, source: 'database', type: 'row', event: 'end' },
      { ...of, ...ids, type: 'call.answered', outcome: 'ran', tookMs: 1, code: null, message: '' },
    )
    if (jobType === 'risk-assessment') {
      const samples = tries[begun] ?? []
      begun += 1
      for (const { instance = '', ...counts } of samples)
        events.push({
          ...NOTHING,
          ...counts,
          at: 0,
          source: instance,
          instance,
          type: 'cache.sample',
          namespace: 'analysis',
        })
    }
    return work
  }
  const scene: Scene = {
    state: () => ({ ...STATE, instances: NAMES.map((name) => ({ ...UP, name })) }),
    events: () => events,
    act: async () => undefined,
    fire,
    about: (work) => void about.push(work),
    pause: async () => undefined,
    async until(what, look) {
      const found = look()
      if (found === undefined || found === false) throw new Missed(what)
      return found as never
    },
    say: (before) => void said.push(before),
  }
  return { scene, said, about }
}

const ONE = /^instance-1 computed it, the others got its answer\. Of the full report, /
const BEFORE = 'Three jobs, each on its own machine, need the same analysis of the same diff.'

describe.concurrent('shared work', () => {
  it('is shown once where one computed it', async ({ expect }) => {
    const { scene, said, about } = sceneOf([GOOD])
    expect(await shared.play(scene)).toMatchObject({
      after: expect.stringMatching(ONE),
      counted: 'loads counted in the reviewer: 1',
    })
    expect(said).toEqual([])
    expect(about).toHaveLength(1)
  })

  it('is shown once more where Redis answered too late, and counts the last time alone', async ({
    expect,
  }) => {
    const { scene, said, about } = sceneOf([ALONE, IMPATIENT, GOOD])
    expect(await shared.play(scene)).toMatchObject({
      after: expect.stringMatching(ONE),
      counted: 'loads counted in the reviewer: 1',
    })
    expect(said).toEqual([
      'Redis answered the cache of instance-2 too late, so it computed for itself. Once more, with another review.',
      BEFORE,
      'It took so long that not all waited for it: it was computed twice. Once more, with another review.',
      BEFORE,
    ])
    expect(about.map(({ jobKey }) => jobKey)).toEqual(['review-1', 'review-2', 'review-3'])
  })

  it('says how it was where it never went well', async ({ expect }) => {
    const { scene } = sceneOf([ALONE, ALONE, ALONE, ALONE, GOOD])
    expect(await shared.play(scene)).toMatchObject({
      after: expect.stringMatching(/^It was computed 2 times: the cache of instance-2 did not ask Redis\. /),
      counted: 'loads counted in the reviewer: 2',
    })
  })
})
