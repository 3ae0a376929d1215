import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Cron } from 'croner'
import { CronJob } from 'kubernetes-models/batch/v1/CronJob'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { localDay } from '../cron/local-day.ts'
import { type Program, Programs } from './program.ts'

/** The parts of a CronJob that the page speaks of. */
interface Manifest {
  readonly spec: {
    readonly timeZone: string
    readonly concurrencyPolicy: string
    readonly startingDeadlineSeconds: number
    readonly jobTemplate: {
      readonly spec: {
        readonly backoffLimit: number
        readonly template: { readonly spec: { readonly terminationGracePeriodSeconds: number } }
      }
    }
  }
}

const EVERY_SECOND = '* * * * * *'

describe.concurrent('three instances that fire', () => {
  /** How often the work of each slot has begun, on all instances. */
  const counted = (instances: readonly Program[], pattern: RegExp): ReadonlyMap<string, number> => {
    const counts = new Map<string, number>()
    for (const instance of instances) {
      for (const [, slot = ''] of instance.matches(pattern)) counts.set(slot, (counts.get(slot) ?? 0) + 1)
    }
    return counts
  }

  const stopped = async (instances: readonly Program[]): Promise<void> => {
    for (const instance of instances) instance.kill('SIGTERM')
    expect(await Promise.all(instances.map(({ ended }) => ended))).toEqual([0, 0, 0])
  }

  it('do the work of each slot once (node-cron)', async () => {
    const settings = { CRON: EVERY_SECOND, EVERY_MS: '60000', WORK_MS: '1' }
    await using programs = new Programs('node-cron', settings)
    const instances = programs.three('cron/node-cron.ts')
    await Promise.all(instances.map((instance) => instance.until(/ (executed|skipped, .*)$/, 3)))
    await stopped(instances)
    const works = counted(instances, /^report (\S+) attempt/)
    expect(works.size).toBeGreaterThanOrEqual(3)
    expect([...works.values()].every((count) => count === 1)).toBe(true)
    // They fired for slots that another instance had worked on.
    expect(counted(instances, /(\S+) skipped, completed$/).size).toBeGreaterThan(0)
  })

  it('take the work of a killed instance over within its slot (croner)', async () => {
    const settings = { CRON: EVERY_SECOND, EVERY_MS: '600000', WORK_MS: '600000', LEASE_MS: '3000' }
    await using programs = new Programs('croner', settings)
    const instances = programs.three('cron/croner.ts')
    const working = /^report (\S+) attempt 1$/
    await Promise.all(instances.map((instance) => instance.until(working)))
    const [killed, ...others] = instances
    killed.kill('SIGKILL')
    const taken = await Promise.race(others.map((other) => other.until(/^report (\S+) attempt 2$/)))
    expect(counted([killed], working).keys()).toContain(taken[0]?.[1])
    expect([...counted(instances, working).values()].every((count) => count === 1)).toBe(true)
  })

  it('leave the work of a killed instance undone when its slot ends before its lease (croner)', async () => {
    const settings = { CRON: EVERY_SECOND, EVERY_MS: '4000', WORK_MS: '600000', LEASE_MS: '600000' }
    await using programs = new Programs('short-slot', settings)
    const instances = programs.three('cron/croner.ts')
    const [killed, ...others] = instances
    const working = /^report (\S+) attempt 1$/
    // Of a slot that began before the others had started, they would never say anything.
    await Promise.all(instances.map((instance) => instance.until(working)))
    const begun = await killed.until(working, killed.matches(working).length + 1)
    killed.kill('SIGKILL')
    const slot = begun.at(-1)?.[1] ?? ''
    // Both stood by, or one that fired later found the slot over: they say the same.
    await Promise.race(
      others.map((other) => other.until(new RegExp(`^${slot} skipped, (executing|the slot was over)$`))),
    )
    expect(counted(others, /^report (\S+) attempt/).keys()).not.toContain(slot)
  })

  it('make up for a slot that began before they did (croner)', async () => {
    await using programs = new Programs('catch-up', { CRON: '0 0 * * *', WORK_MS: '1' })
    const instances = programs.three('cron/croner.ts')
    await Promise.all(instances.map((instance) => instance.until(/ (executed|skipped, .*)$/)))
    await stopped(instances)
    expect([...counted(instances, /^report (\S+) attempt/).values()]).toEqual([1])
    expect(await programs.commandsOf('cron')).toEqual([0, 0])
  })

  it('do the work of each slot once (Nest)', async () => {
    const settings = { CRON: EVERY_SECOND, NIGHTLY: EVERY_SECOND, EVERY_MS: '1000', WORK_MS: '1' }
    await using programs = new Programs('nest', settings)
    const instances = programs.three('--import=./test/one-nest.ts --import=tsx cron/nest.ts')
    await Promise.all(instances.map((instance) => instance.until(/^started$/)))
    await Promise.race(instances.map((instance) => instance.until(/^rates/, 3)))
    await stopped(instances)
    const works = counted(instances, /^((?:rates|report) .*)$/)
    expect([...works.values()].every((count) => count === 1)).toBe(true)
    expect([...works.keys()].filter((work) => work.startsWith('report'))).toContain(
      `report ${localDay('Europe/Berlin')}`,
    )
  })

  it('which are pods of one job of Kubernetes do its work once, and all succeed', async () => {
    await using programs = new Programs('kubernetes', { JOB_NAME: 'report-29407860', WORK_MS: '1' })
    const pods = programs.three('cron/kubernetes.ts')
    expect(await Promise.all(pods.map(({ ended }) => ended))).toEqual([0, 0, 0])
    expect(counted(pods, /^(.*) attempt 1$/).get('report-29407860')).toBe(1)
    expect(counted(pods, /^\S+ (executed|skipped)$/)).toEqual(
      new Map([
        ['executed', 1],
        ['skipped', 2],
      ]),
    )
  })
})

describe('what the page says', () => {
  it('of clock changes is what croner does', () => {
    const daily = new Cron('30 2 * * *', { timezone: 'Europe/Berlin', paused: true })
    const next = (from: string): string[] => daily.nextRuns(2, new Date(from)).map((at) => at.toISOString())
    expect(next('2026-10-24T12:00Z')).toEqual(['2026-10-25T00:30:00.000Z', '2026-10-26T01:30:00.000Z'])
    expect(next('2027-03-27T12:00Z')).toEqual(['2027-03-28T01:00:00.000Z', '2027-03-29T00:30:00.000Z'])
  })

  it('of the day is what the zone says', () => {
    expect(localDay('Europe/Berlin', new Date('2026-11-30T23:30Z'))).toBe('2026-12-01')
    expect(localDay('America/New_York', new Date('2026-11-30T23:30Z'))).toBe('2026-11-30')
  })
})

describe('the manifest', () => {
  const text = readFileSync(resolve(import.meta.dirname, '../cron/cronjob.yaml'), 'utf8')
  const manifest = parse(text, { strict: true }) as Manifest

  it('is a CronJob by the schema of Kubernetes', () => {
    new CronJob(manifest as never).validate()
    const spec = { ...manifest.spec, concurrencyPolicy: 'Never' }
    expect(() => new CronJob({ ...manifest, spec } as never).validate()).toThrow('concurrencyPolicy')
  })

  it('has the settings that the page explains', () => {
    const { timeZone, concurrencyPolicy, startingDeadlineSeconds, jobTemplate } = manifest.spec
    expect({ timeZone, concurrencyPolicy, startingDeadlineSeconds }).toEqual({
      timeZone: 'Europe/Berlin',
      concurrencyPolicy: 'Forbid',
      startingDeadlineSeconds: 3_600,
    })
    expect(jobTemplate.spec.backoffLimit).toBe(3)
  })

  it('gives close() its time before SIGKILL', () => {
    const source = readFileSync(resolve(import.meta.dirname, '../cron/kubernetes.ts'), 'utf8')
    const graceMs = Number(/graceMs: (\S+) /.exec(source)?.[1]?.replaceAll('_', ''))
    const { terminationGracePeriodSeconds } = manifest.spec.jobTemplate.spec.template.spec
    expect(terminationGracePeriodSeconds * 1_000).toBeGreaterThan(graceMs)
  })
})
