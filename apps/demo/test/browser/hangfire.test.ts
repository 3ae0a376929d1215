/** What the page shows of the jobs of a Hangfire, whichever side asked for them. */
import { describe, it } from 'vitest'
import { reviewJob } from '../../src/hangfire/review-job.ts'
import { aHangfire } from '../live/a-hangfire.ts'
import { ended } from './acts.ts'
import { useShownDemo } from './shown-demo.ts'

const DASHBOARD = 'https://jobs.example.org/hangfire'

describe('reviews by jobs of a Hangfire', () => {
  const show = useShownDemo()

  it('show their job, its states and where its dashboard has it', async (context) => {
    const { expect } = context
    const { redis, hangfire } = await aHangfire(context)
    const { open, evidence } = await show(context, {
      AIREVIEW_HANGFIRE_URL: redis.url,
      AIREVIEW_HANGFIRE_DASHBOARD: DASHBOARD,
    })
    const { page, faults } = await open()
    await page.locator('.status', { hasText: 'Hangfire' }).waitFor()
    await page.getByRole('button', { name: 'Review many…' }).click()
    const dialog = page.getByRole('dialog', { name: 'Review many' })
    await dialog.getByLabel('Commits and ranges').fill('HEAD')
    await dialog.getByRole('button', { name: 'Review them' }).click()
    await dialog.getByText('1 review: 1 started.').waitFor()
    await page.keyboard.press('Escape')
    const work = await ended(expect, evidence)
    const jobs = page.getByRole('region', { name: 'Reviews' }).locator('.life', { hasText: 'Hangfire:' })
    await jobs.getByText('Hangfire: Succeeded, created by this page').waitFor()
    await jobs.locator('summary').click()
    const states = jobs.locator('ol > li').first().locator('ul > li b')
    await expect.poll(() => states.allInnerTexts()).toEqual(['Enqueued', 'Processing', 'Succeeded'])
    const link = jobs.getByRole('link').first()
    const jobId = await link.innerText()
    expect(await link.getAttribute('href')).toBe(`${DASHBOARD}/jobs/details/${jobId}`)
    expect((await hangfire.monitor.job(jobId))?.state).toBe('Succeeded')

    // The other side asks for the same: one more job of the same review, which runs nothing.
    const [repository] = (await hangfire.monitor.job(jobId))?.arguments ?? []
    const other = await hangfire.jobs.enqueue(reviewJob, [String(repository), 'HEAD'])
    await jobs.getByText('Hangfire: Succeeded, created by Hangfire').waitFor()
    await expect.poll(() => jobs.locator('ol > li .mono a, ol > li a .mono').allInnerTexts()).toContain(other)
    expect(evidence.rows(work).filter(({ event }) => event === 'begin')).toHaveLength(1)
    expect(faults).toEqual([])
  })
})
