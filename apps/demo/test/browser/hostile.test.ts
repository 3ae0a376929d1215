/** Visitors who want to see it break. Whatever they do, nothing runs twice, and the page stays right. */
import type { Page } from '@holdfast/test-support/chromium'
import { type ExpectStatic, describe, it } from 'vitest'
import type { Work } from '../../src/events/page-event.ts'
import type { JobRun } from '../../src/store/witness.ts'
import type { Evidence } from '../tour/evidence.ts'
import { ended, fireAndWait, reached, squares, tableOf } from './acts.ts'
import { untilLive, useShownDemo } from './shown-demo.ts'

describe('a hostile visitor', () => {
  const show = useShownDemo()

  it('starts one job 200 times, then 60 times more', async (context) => {
    const { expect } = context
    const { open, evidence } = await show(context)
    const { page, faults } = await open()
    const answer = await page.evaluate(FIRE_200)
    expect(answer).toBe(200)
    await ended(expect, evidence)
    await page.locator('.more summary').click()
    await page.getByRole('button', { name: 'Fire one job × 60' }).click()
    await untilAllIsAnswered(expect, page)
    await expect.poll(() => evidence.ends().length).toBe(2)
    await expect.poll(() => squares(page)).toMatch(/2 ran and saved/)
    const heading = page.getByRole('region', { name: 'What it comes to' }).getByRole('heading')
    await expect
      .poll(async () => (await heading.innerText()).replaceAll(/\s+/g, ' '))
      .toBe('260 starts, 2 results, none twice')
    nothingTwice(expect, evidence)
    expect(faults).toEqual([])
  })

  it('kills all machines in the middle of a job', async (context) => {
    const { expect } = context
    const { open, evidence } = await show(context, { AIREVIEW_LEASE_MS: '3000' })
    const { page, faults } = await open()
    await fireAndWait(page)
    await reached(expect, evidence, 30)
    for (const place of [1, 2, 3]) await page.getByRole('button', { name: `Kill instance-${place}` }).click()
    await page.locator('.status').getByText('0 of 3').waitFor()
    // All are started again; no start is left that waited for the job, so it is asked for once more.
    for (const place of [1, 2, 3]) {
      await page.getByRole('button', { name: `Kill instance-${place}` }).waitFor()
    }
    await fireAndWait(page)
    await ended(expect, evidence)
    await untilAllIsAnswered(expect, page)
    nothingTwice(expect, evidence)
    expect(faults).toEqual([])
  })

  it('stops Redis during the tour, starts it again, and the tour goes on', async (context) => {
    const { expect } = context
    const { open, evidence } = await show(context)
    const { page, faults } = await open()
    await page.getByRole('banner').getByRole('button', { name: 'Start the tour' }).click()
    await reached(expect, evidence, 30)
    await page.getByRole('button', { name: 'Stop Redis' }).click()
    await page.locator('.status').getByText('stopped').waitFor()
    await page.getByRole('button', { name: 'Start Redis' }).click()
    const card = page.locator('.tour')
    await card.locator('.after, .missed').waitFor()
    await card.getByRole('button', { name: 'Next' }).click()
    await card.getByText('Step 2 of 5').waitFor()
    await card.locator('.after, .missed').waitFor()
    nothingTwice(expect, evidence)
    expect(faults).toEqual([])
  })

  it('starts the tour twice, reloads in the middle, and goes back in the history', async (context) => {
    const { expect } = context
    const { open, evidence } = await show(context)
    const one = await open()
    const other = await open()
    const start = { name: 'Start the tour' }
    await Promise.all(
      [one, other].map(({ page }) => page.getByRole('banner').getByRole('button', start).click()),
    )
    const cards = [one, other].map(({ page }) => page.locator('.tour'))
    for (const card of cards) await card.getByText('Step 1 of 5').waitFor()
    await one.page.reload()
    await untilLive(one.page)
    await one.page.locator('.tour').getByText('Step 1 of 5').waitFor()
    for (const card of cards) await card.locator('.after, .missed').waitFor()
    expect(await cards[0]?.locator('.after').innerText()).toBe(await cards[1]?.locator('.after').innerText())

    await one.page.goto('about:blank')
    await one.page.goBack()
    await untilLive(one.page)
    await one.page.locator('.tour').waitFor()
    await one.page.locator('.tour').getByRole('button', { name: 'End the tour' }).click()
    for (const { page } of [one, other]) await page.getByRole('banner').getByRole('button', start).waitFor()
    nothingTwice(expect, evidence)
    expect([...one.faults, ...other.faults]).toEqual([])
  })

  it('comes back by an address from before: a job that is not known, a time long gone', async (context) => {
    const { expect } = context
    const { open, evidence, origin } = await show(context)
    const { page, faults } = await open()
    await fireAndWait(page)
    const work = await ended(expect, evidence)
    for (const hash of ['job=ai-review:nobody-knows', 't=1&span=15000', 'job=%00%ff:&t=-4&tour=99']) {
      await page.goto(`${origin}/#${hash}`)
      await page.reload()
      await untilLive(page)
      await expect.poll(() => tableOf(page)).toContain('done')
    }
    await page.goto(`${origin}/#job=${work.jobType}:${work.jobKey}`)
    await page
      .getByText(/^Done by/)
      .first()
      .waitFor()
    expect(faults).toEqual([])
  })
})

/** As a script would that has the page's cookie; the page has no button for so many. */
const FIRE_200 = `(async () => {
  const response = await fetch('/api/actions/fire', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-aireview': '1' },
    body: JSON.stringify({ times: 200, waiting: 20 }),
  })
  return response.status
})()`

async function untilAllIsAnswered(expect: ExpectStatic, page: Page): Promise<void> {
  await expect.poll(() => squares(page)).not.toMatch(/\b(running|waiting)\b/)
}

function nothingTwice(expect: ExpectStatic, { ends, saves }: Evidence): void {
  const works = ends() as readonly (JobRun & Work)[]
  expect(works.length).toBeGreaterThan(0)
  expect(new Set(works.map(({ jobType, jobKey }) => `${jobType} ${jobKey}`)).size).toBe(works.length)
  for (const work of works.filter(({ jobType }) => jobType === 'ai-review'))
    expect(saves(work, 'charge')).toBe(1)
}
