/** The tour, led by a visitor in a real browser; every number and name on its card beside what the tables say. */
import type { Page } from '@holdfast/test-support/chromium'
import { describe, it } from 'vitest'
import type { Work } from '../../src/events/page-event.ts'
import { JOB_TYPES } from '../../src/jobs/job.ts'
import { useShownDemo } from './shown-demo.ts'

describe('the tour in a browser', () => {
  const show = useShownDemo('always')

  it('tells five stories, and the database has each as it was told', async (context) => {
    const { expect } = context
    // A lease that no busy machine lets run out, and whose end does not take long. A test reads slower there, too.
    const { open, evidence } = await show(context, {
      AIREVIEW_LEASE_MS: '10000',
      AIREVIEW_READING_MS: '0',
    })
    const { rows, count, saves, refusals, ends } = evidence
    const { page, faults } = await open()

    await page.getByRole('banner').getByRole('button', { name: 'Start the tour' }).click()
    const once = await cardOf(page, 1)
    expect(once.after).toBe(
      `One ran, on ${rows(once.work)[0]?.instance}. Twelve were turned away. Two waited and got its result.`,
    )
    expect(once.counted).toBe(`${count(once.work, 'begin')} begin · ${count(once.work, 'end')} end`)
    expect([count(once.work, 'begin'), count(once.work, 'end'), saves(once.work, 'charge')]).toEqual([
      1, 1, 1,
    ])
    // The squares say of the same starts what the card says of them.
    await expect
      .poll(() => page.getByRole('img', { name: /^Starts with Holdfast/ }).getAttribute('aria-label'))
      .toMatch(/^(?=.*12 turned away)(?=.*1 ran and saved)(?=.*2 got the result)/)

    await next(page)
    const killed = await cardOf(page, 2)
    const [victim, heir] = rows(killed.work).filter(({ event }) => event === 'begin')
    expect(killed.before).toBe(`${victim?.instance} is killed in the middle of a review.`)
    const goesOnBehind = percentOf(
      rows(killed.work).find(({ attempt, event }) => attempt === 2 && event === 'stage'),
    )
    expect(killed.after.replace(/[\d.]+ seconds?/, '… seconds')).toBe(
      `Its lease ran out after … seconds. ${heir?.instance}, which had waited, took over and went on from ` +
        `${goesOnBehind - 10} %, the last step that was saved.`,
    )
    expect(killed.counted).toBe('2 begin · 1 end · findings saved once')
    expect([count(killed.work, 'begin'), count(killed.work, 'end')]).toEqual([2, 1])
    expect([saves(killed.work, 'findings'), saves(killed.work, 'charge')]).toEqual([1, 1])

    await next(page)
    const frozen = await cardOf(page, 3)
    const [sleeper, other] = rows(frozen.work).filter(({ event }) => event === 'begin')
    expect(frozen.before).toBe(`${sleeper?.instance} is frozen while it works, and wakes up too late.`)
    expect(frozen.after).toBe(
      `${other?.instance} had taken over. When ${sleeper?.instance} woke and tried to save, the database refused it: ` +
        'fence 1 is older than fence 2.',
    )
    const refused = refusals(frozen.work)
    expect(refused.map(({ instance, fence, newest }) => [instance, fence < newest])).toEqual([
      [sleeper?.instance, true],
    ])
    expect(frozen.counted).toBe('2 begin · 1 end · 1 write refused')
    expect([count(frozen.work, 'begin'), count(frozen.work, 'end'), saves(frozen.work, 'charge')]).toEqual([
      2, 1, 1,
    ])

    await next(page)
    const outage = await cardOf(page, 4)
    expect(outage.after.replace(/[\d.]+ seconds?/, '… seconds')).toBe(
      'The running job kept its lease and finished. New starts got a clear error within … seconds, and nothing that ' +
        'was refused ran later. Started again, it ran once.',
    )
    expect(outage.counted).toBe('1 begin · 1 end · rows of the starts that were refused: 0')
    expect([count(outage.work, 'begin'), count(outage.work, 'end'), saves(outage.work, 'charge')]).toEqual([
      1, 1, 1,
    ])
    const keys = [...new Set(evidence.all().map(({ jobKey }) => jobKey))]
    const refusedKey = keys[keys.indexOf(outage.work?.jobKey ?? '') + 1] ?? ''
    const startedAgain: Work = { jobType: 'ai-review', jobKey: refusedKey }
    expect([count(startedAgain, 'begin'), count(startedAgain, 'end')]).toEqual([1, 1])

    await next(page)
    const shared = await cardOf(page, 5)
    const ofShared = (jobType: Work['jobType']): Work => ({ jobType, jobKey: shared.work?.jobKey ?? '' })
    expect(shared.after).toMatch(
      /^instance-\d computed it, the others got its answer\. Of the full report, two of three /,
    )
    // Two of its three parts were done before it began, and none of them began again.
    expect(
      JOB_TYPES.map((jobType) => [
        jobType,
        count(ofShared(jobType), 'begin'),
        count(ofShared(jobType), 'end'),
      ]),
    ).toEqual(JOB_TYPES.map((jobType) => [jobType, 1, 1]))
    expect(shared.counted).toBe('1')

    await next(page)
    const end = await cardOf(page, 6)
    expect(end.after).toBe('Now you: kill one, cut one off, stop Redis. Nothing here can run twice.')
    const ended = ends().map(({ jobType, jobKey }) => `${jobType} ${jobKey}`)
    expect(new Set(ended).size).toBe(ended.length)
    // All but the summary, which only the report asked for, were asked for by callers.
    const results = ended.length - 1
    expect(end.counted).toBe(
      `${results} results · 1 part of them · 0 twice · ${refused.length} late write refused`,
    )

    const verdict = page.getByRole('region', { name: 'What it comes to' })
    const heading = await verdict.getByRole('heading').innerText()
    expect(heading).toMatch(new RegExp(`, ${results} results,\\s+none twice$`))
    // A page that is opened now, and knows only what the server still has, says the same.
    const { page: second } = await open()
    await expect
      .poll(
        async () =>
          await second.getByRole('region', { name: 'What it comes to' }).getByRole('heading').innerText(),
      )
      .toBe(heading)
    await page.getByRole('banner').getByRole('button', { name: 'End the tour' }).click()
    await page.getByRole('banner').getByRole('button', { name: 'Start the tour' }).waitFor()
    expect(faults).toEqual([])
  })
})

interface Card {
  readonly before: string
  readonly after: string
  readonly counted: string
  /** That the page shows while the tour stands there: its address names it. */
  readonly work: Work | null
}

/** What the card says when the step is over. */
async function cardOf(page: Page, step: number): Promise<Card> {
  const card = page.locator('.tour')
  await card.getByText(step === 6 ? 'The tour is over' : `Step ${step} of 5`).waitFor()
  await card.locator('.after, .missed').waitFor()
  const text = async (selector: string): Promise<string> => await card.locator(selector).innerText()
  const [, jobType, jobKey] = /[#&]job=([\w-]+):([^&]+)/.exec(page.url()) ?? []
  const type = JOB_TYPES.find((each) => each === jobType)
  return {
    before: await text('.before'),
    after: await text('.after, .missed'),
    counted: await text('.witness b'),
    work: type === undefined || jobKey === undefined ? null : { jobType: type, jobKey },
  }
}

async function next(page: Page): Promise<void> {
  await page.locator('.tour').getByRole('button', { name: 'Next' }).click()
}

/** A stage says first how far the job is with it. */
function percentOf(row: { readonly detail: string } | undefined): number {
  return Number.parseInt(row?.detail ?? '', 10)
}
