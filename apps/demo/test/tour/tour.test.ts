/** What the tour says of five stories, beside what the database says of them. */
import { isChromiumHere } from '@holdfast/test-support/chromium'
import { it } from 'vitest'
import type { WorldEvent } from '../../src/live/world.ts'
import type { JobRun } from '../../src/store/witness.ts'
import { aWorld } from '../live/a-world.ts'
import { openEvidence } from './evidence.ts'
import { toured } from './toured.ts'

type Of<Type extends WorldEvent['type']> = Extract<WorldEvent, { readonly type: Type }>

const partsOf = (sentence: string, pattern: RegExp): readonly string[] =>
  pattern.exec(sentence)?.slice(1) ?? []

it('tells five stories as the database has them', async ({ expect, onTestFinished, skip }) => {
  if (isChromiumHere() && process.env['WITH_BROWSER'] === undefined)
    return skip(
      'where there is a browser, test/browser/tour.test.ts tells the same: `npm run test:browser` runs both',
    )
  const { world, folder } = await aWorld({ onTestFinished }, { paceMs: 100, leaseMs: 10_000 })
  const tour = toured(world, onTestFinished)
  const { rows, count, ends, saves, refusals } = openEvidence(folder, onTestFinished)
  const told = <Type extends WorldEvent['type']>(type: Type): readonly Of<Type>[] =>
    tour.events.filter((event): event is Of<Type> => event.type === type)

  expect(tour.go('start')).toEqual({ ok: true, message: 'Fifteen at once' })
  const once = await tour.ended(1)
  expect(once).toMatchObject({ state: 'done', work: { jobType: 'ai-review' } })
  expect(once.before).toBe('Fifteen copies of one job start in the same instant, five on each machine.')
  expect(once.after).toBe(
    `One ran, on ${rows(once.work)[0]?.instance}. Twelve were turned away. Two waited and got its result.`,
  )
  const asked = new Set(
    told('call.asked').flatMap((call) => (call.jobKey === once.work?.jobKey ? [call.callId] : [])),
  )
  const answers = told('call.answered').filter(({ callId }) => asked.has(callId))
  expect(answers).toHaveLength(15)
  expect(answers.filter(({ outcome }) => outcome === 'turnedAway')).toHaveLength(12)
  expect([count(once.work, 'begin'), count(once.work, 'end')]).toEqual([1, 1])
  expect(once.counted).toBe('rows that the job inserted: 1 begin · 1 end')

  tour.go('next')
  const killed = await tour.ended(2)
  const [victim, heir] = rows(killed.work).filter(({ event }) => event === 'begin')
  expect(killed.before).toBe(`${victim?.instance} is killed in the middle of a review.`)
  expect(told('instance.killed')).toMatchObject([{ instance: victim?.instance }])
  const [, name, percent] = partsOf(
    killed.after,
    /^Its lease ran out after ([\d.]+) seconds?\. (instance-\d), which had waited, took over and went on from (\d+) %, the last step that was saved\.$/,
  )
  expect([name, killed.after]).toEqual([heir?.instance, killed.after])
  const [next] = rows(killed.work).filter(
    ({ event, attempt }) => event === 'stage' && attempt === heir?.attempt,
  )
  // It goes on with the step behind the one that was saved.
  expect(Number(percent)).toBe(Number.parseInt(next?.detail ?? '', 10) - 10)
  expect([count(killed.work, 'begin'), count(killed.work, 'end')]).toEqual([2, 1])
  expect(saves(killed.work, 'findings')).toBe(1)
  expect(killed.counted).toBe('rows that the job inserted: 2 begin · 1 end · findings saved once')

  tour.go('next')
  const frozen = await tour.ended(3)
  const [sleeper, other] = rows(frozen.work).filter(({ event }) => event === 'begin')
  expect(frozen.before).toBe(`${sleeper?.instance} is frozen while it works, and wakes up too late.`)
  expect(frozen.after).toBe(
    `${other?.instance} had taken over. When ${sleeper?.instance} woke and tried to save, ` +
      'the database refused it: fence 1 is older than fence 2.',
  )
  const refused = refusals(frozen.work)
  expect(refused).toMatchObject([{ instance: sleeper?.instance }])
  for (const { fence, newest } of refused) expect(fence).toBeLessThan(newest)
  expect([count(frozen.work, 'begin'), count(frozen.work, 'end')]).toEqual([2, 1])
  expect(frozen.counted).toBe('rows that the job inserted: 2 begin · 1 end · 1 write refused')

  tour.go('next')
  const outage = await tour.ended(4)
  expect(told('redis.stopped')).toHaveLength(1)
  expect(outage.after).toMatch(
    /^The running job kept its lease and finished\. New starts got a clear error within [\d.]+ seconds?, and nothing that was refused ran later\. Started again, it ran once\.$/,
  )
  const errors = new Set(
    told('call.answered').flatMap(({ callId, outcome }) => (outcome === 'noRedis' ? [callId] : [])),
  )
  const refusedStarts = told('call.asked').filter(({ callId }) => errors.has(callId))
  expect(refusedStarts).toHaveLength(2)
  const [start = null] = refusedStarts
  const [again] = told('call.asked').filter(
    ({ jobKey, callId }) => jobKey === start?.jobKey && !errors.has(callId),
  )
  expect([count(start, 'begin'), count(start, 'end')]).toEqual([1, 1])
  expect(rows(start)[0]?.at).toBeGreaterThan(again?.at ?? Infinity)
  expect(told('review').findLast(({ id }) => id === start?.jobKey)).toMatchObject({ state: 'HumanReview' })
  expect([count(outage.work, 'begin'), count(outage.work, 'end')]).toEqual([1, 1])
  expect(outage.counted).toBe(
    'rows that the job inserted: 1 begin · 1 end · rows of the starts that were refused: 0',
  )

  tour.go('next')
  const shared = await tour.ended(5)
  expect(shared.before).toBe('Three jobs, each on its own machine, need the same analysis of the same diff.')
  const [computer] = partsOf(
    shared.after,
    /^(instance-\d) computed it, the others got its answer\. Of the full report, two of three parts were done already and were not done again\.$/,
  )
  // Every call of the model holds a permit. A short one may end between two looks at the lock, which still says who had it last.
  const callers = (): readonly string[] => {
    const permits = told('lock').filter(({ name: lock, at }) => lock === 'model calls' && at >= shared.from)
    const held = permits.flatMap(({ holders }) => holders.map(({ instance }) => instance))
    const had = permits.flatMap(({ last }) =>
      last !== null && last.at >= shared.from ? [last.instance] : [],
    )
    return [...new Set([...held, ...had])]
  }
  await expect.poll(callers).toEqual([computer])
  for (const jobType of ['risk-assessment', 'improvement-suggestions', 'ai-review'] as const) {
    const work = { jobType, jobKey: shared.work?.jobKey ?? '' }
    expect([jobType, count(work, 'begin'), count(work, 'end')]).toEqual([jobType, 1, 1])
  }
  expect(shared.counted).toBe('loads counted in the reviewer: 1')

  tour.go('next')
  const end = await tour.ended(6)
  expect(end.after).toBe('Now you: kill one, cut one off, stop Redis. Nothing here can run twice.')
  const nameOf = ({ jobType, jobKey }: Pick<JobRun, 'jobType' | 'jobKey'>): string => `${jobType} ${jobKey}`
  const askedFor = new Set(
    told('call.asked').flatMap((call) => (call.parentExecutionId === null ? [nameOf(call)] : [])),
  )
  const results = ends().filter((row) => askedFor.has(nameOf(row)))
  // The summary, which only the report has asked for.
  expect(ends().length - results.length).toBe(1)
  expect(end.counted).toBe(
    `rows of all work: ${results.length} results · 1 part of them · 0 twice · 1 late write refused`,
  )
  expect(new Set(ends().map(nameOf)).size).toBe(ends().length)

  expect(told('chapter.began').map(({ title, step }) => [step, title])).toEqual([
    [1, 'Fifteen at once'],
    [2, 'One is killed'],
    [3, 'One is frozen, then wakes'],
    [4, 'Redis stops'],
    [5, 'Shared work'],
  ])
  expect(told('chapter.ended').map(({ chapterId }) => chapterId)).toEqual(
    told('chapter.began').map(({ chapterId }) => chapterId),
  )
  for (const { before, after } of told('tour').filter(({ step }) => step !== null)) {
    expect(`${before} ${after}`).toMatch(/[a-z]/)
    expect(`${before} ${after}`).not.toMatch(
      /\b(body|execute|replay|attach|stalled|nested|zombie|idempotent)/i,
    )
  }
})
