/** The forms in which something goes wrong, two side by side, since they mostly wait. */
import { readdirSync } from 'node:fs'
import { type ExpectStatic, describe, it } from 'vitest'
import type { JobRun } from '../src/store/witness.ts'
import { type Result, type Run, openResult, readLogs, reviewable, startDemo, widestLine } from './demo-run.ts'
import { temporaryFolder } from './repository.ts'
import { onlyInWholeDemo } from './whole-demo.ts'

const WIDTH = 80

const fits = (demo: Run, expect: ExpectStatic): void => {
  const widest = widestLine(demo.output())
  expect(widest.length, widest).toBeLessThanOrEqual(WIDTH)
}

const reviewRuns = ({ store }: Result, event: JobRun['event']): readonly JobRun[] =>
  store.witness.all().filter((run) => run.jobType === 'ai-review' && run.event === event)

const isGone = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return false
  } catch {
    return true
  }
}

describe('an owner that falls silent', () => {
  it.concurrent('lets another instance take over when the owner is killed', async ({
    onTestFinished,
    expect,
    skip,
  }) => {
    onlyInWholeDemo({ skip })
    const out = temporaryFolder(onTestFinished)
    const repository = reviewable(onTestFinished)
    const args = ['--crash', '--fast', '--repo', repository, '--out', out]
    const demo = startDemo(args, onTestFinished, { columns: WIDTH })
    expect(await demo.exited, demo.output()).toBe(0)
    const [, victim] = /(instance-\d) was killed \(SIGKILL\)\./.exec(demo.words()) ?? []
    expect(demo.words()).toMatch(/instance-\d took over and went on from the last saved step/)

    const result = openResult(out, onTestFinished)
    const begins = reviewRuns(result, 'begin')
    expect(begins).toMatchObject([{ attempt: 1, instance: victim }, { attempt: 2 }])
    expect(begins[1]?.instance).not.toBe(victim)
    expect(reviewRuns(result, 'end')).toMatchObject([{ attempt: 2, instance: begins[1]?.instance }])
    expect(result.store.effects.charges(result.reviewId)).toMatchObject([{ instance: begins[1]?.instance }])
    fits(demo, expect)
  })

  it.concurrent('refuses the charge of an owner that was frozen', async ({ onTestFinished, expect }) => {
    const out = temporaryFolder(onTestFinished)
    const repository = reviewable(onTestFinished)
    const args = ['--freeze', '--fast', '--repo', repository, '--out', out]
    const demo = startDemo(args, onTestFinished)
    expect(await demo.exited, demo.output()).toBe(0)
    const [, victim] = /(instance-\d) is frozen \(SIGSTOP\)/.exec(demo.words()) ?? []
    expect(demo.words()).toContain(`When ${victim} woke up and charged too, the database refused it`)
    expect(demo.output()).toMatch(new RegExp(`^ai-review .* ${victim} \\(frozen\\)\n +instance-\\d$`, 'm'))

    const result = openResult(out, onTestFinished)
    const begins = reviewRuns(result, 'begin')
    expect(begins).toMatchObject([{ attempt: 1, instance: victim }, { attempt: 2 }])
    const successor = begins[1]?.instance
    expect(successor).not.toBe(victim)
    const { effects } = result.store
    expect(effects.charges(result.reviewId)).toMatchObject([{ instance: successor }])
    expect(effects.refusedWrites(result.reviewId)).toEqual([{ effect: 'charge', instance: victim }])
    fits(demo, expect)
  })
})

describe('Redis that is away, or never was there', () => {
  it.concurrent('charges three times without Holdfast', async ({ onTestFinished, expect, skip }) => {
    onlyInWholeDemo({ skip })
    const out = temporaryFolder(onTestFinished)
    const repository = reviewable(onTestFinished)
    const args = ['--without', '--fast', '--repo', repository, '--out', out]
    const demo = startDemo(args, onTestFinished, { columns: WIDTH })
    expect(await demo.exited, demo.output()).toBe(0)
    const result = openResult(out, onTestFinished)
    const instances = ['instance-1', 'instance-2', 'instance-3']
    for (const event of ['begin', 'end'] as const) {
      expect(
        reviewRuns(result, event)
          .map(({ instance }) => instance)
          .toSorted(),
      ).toEqual(instances)
    }
    const charges = result.store.effects.charges(result.reviewId)
    expect(charges.map(({ instance }) => instance).toSorted()).toEqual(instances)
    expect(demo.words()).toContain('the customer was charged 3 times for one review. The database counted')
    expect(demo.output()).toMatch(/^ai-review +3 +3 +every instance$/m)
    fits(demo, expect)
  })

  it.concurrent('goes on after Redis was away', async ({ onTestFinished, expect, skip }) => {
    onlyInWholeDemo({ skip })
    const out = temporaryFolder(onTestFinished)
    const repository = reviewable(onTestFinished)
    const args = ['--outage', '--fast', '--repo', repository, '--out', out]
    const demo = startDemo(args, onTestFinished, { env: { REDIS_URL: '' } })
    expect(await demo.exited, demo.output()).toBe(0)
    expect(demo.words()).toMatch(
      /Redis was away for [\d.]+ s\. \d+ starts of that time got an error within [\d.]+ s, and none of them ran later/,
    )
    const result = openResult(out, onTestFinished)
    for (const event of ['begin', 'end'] as const) {
      const runs = result.store.witness.all().filter((run) => run.event === event)
      expect(runs).toHaveLength(5)
    }
    expect(result.store.effects.charges(result.reviewId)).toHaveLength(1)
    fits(demo, expect)
  })
})

it('leaves nothing after Ctrl-C while the owner is frozen', async ({ onTestFinished, expect }) => {
  const [out, temporary] = [temporaryFolder(onTestFinished), temporaryFolder(onTestFinished)]
  const repository = reviewable(onTestFinished)
  const args = ['--freeze', '--fast', '--repo', repository, '--out', out]
  const demo = startDemo(args, onTestFinished, { env: { TMPDIR: temporary } })
  await demo.until(/is frozen \(SIGSTOP\)/)
  demo.child.kill('SIGINT')
  expect(await demo.exited, demo.output()).toBe(130)
  const pids = new Set(readLogs(out).map(({ pid }) => Number(pid)))
  expect(pids.size).toBeGreaterThan(0)
  expect([...pids].filter((pid) => !isGone(pid))).toEqual([])
  expect(readdirSync(temporary)).toEqual([])
  fits(demo, expect)
})
