/** The life of reviews, as visitors lead it: decisions, many at once, and what a forge asks for. */
import { randomUUID } from 'node:crypto'
import { sign } from '@octokit/webhooks-methods'
import type { Page } from '@holdfast/test-support/chromium'
import { describe, it } from 'vitest'
import { ended } from './acts.ts'
import { useShownDemo } from './shown-demo.ts'

const SECRET = 'the-secret-of-the-forge'
const REPOSITORY = 'acme/shop'

function reviewsOf(page: Page) {
  return page.getByRole('region', { name: 'Reviews' })
}

describe('the life of a review', () => {
  const show = useShownDemo()

  it('is decided in one of two browsers, and the other sees that another person was faster', async (context) => {
    const { expect } = context
    const { open, evidence } = await show(context)
    const [one, other] = [await open(), await open({ colorScheme: 'dark' })]
    await one.page.getByRole('button', { name: 'Fire one job × 15' }).first().click()
    await ended(expect, evidence)
    const verdicts = [one, other].map(({ page }) => reviewsOf(page).locator('.verdicts'))
    await Promise.all(verdicts.map(async (each) => await each.getByText('Human review').waitFor()))
    // The second one sees what was there before the first one acts: its dialog is open already.
    await verdicts[1]?.getByRole('button', { name: 'Reject #1…' }).click()
    const dialog = other.page.getByRole('dialog', { name: 'Reject #1' })
    await dialog.getByLabel('Why').fill('Too many discounts.')
    await verdicts[0]?.getByRole('button', { name: 'Approve #1' }).click()
    await verdicts[1]?.getByText('Approved').waitFor()
    await dialog.getByRole('button', { name: 'Reject it' }).click()
    expect(await dialog.getByRole('alert').innerText()).toBe(
      'Another person was faster. Review #1 is Approved now.',
    )
    await dialog.getByRole('button', { name: 'Cancel' }).click()

    await verdicts[1]?.getByRole('button', { name: 'Review again #1' }).click()
    await other.page.getByText(/that result counts for/).waitFor()
    await verdicts[1]?.getByRole('button', { name: 'Merge #1' }).click()
    await verdicts[0]?.getByText('Merged').waitFor()
    expect(await verdicts[0]?.getByRole('button').count()).toBe(0)
    await reviewsOf(one.page).locator('.life summary').click()
    const life = reviewsOf(one.page).locator('.life')
    await expect.poll(() => life.innerText()).toMatch(/Told the author .*was merged by a visitor\./)
    expect(await life.locator('ol > li').count()).toBe(4)
    // Those that were refused were asked for on purpose.
    expect([...one.faults, ...other.faults].filter((fault) => !fault.includes('409'))).toEqual([])
  })

  it('is rejected when its job fails, with the reason, and goes on when it is tried again', async (context) => {
    const { expect } = context
    const { open, evidence } = await show(context)
    const { page, faults } = await open()
    await page.getByLabel('Reviewer:').selectOption('failing')
    await page.getByRole('button', { name: 'Fire one job × 15' }).first().click()
    const verdicts = reviewsOf(page).locator('.verdicts')
    await verdicts.getByText('Rejected').waitFor()
    await reviewsOf(page).getByText('It could not be reviewed:').waitFor()
    await page.getByLabel('Reviewer:').selectOption('normal')
    await verdicts.getByRole('button', { name: 'Try again #1' }).click()
    await verdicts.getByText('Human review').waitFor()
    const work = await ended(expect, evidence)
    const again = evidence.rows(work).filter(({ attempt }) => attempt > 1)
    expect(Number.parseInt(again.find(({ event }) => event === 'stage')?.detail ?? '', 10)).toBeGreaterThan(
      60,
    )
    expect(evidence.saves(work, 'charge')).toBe(1)
    expect(faults).toEqual([])
  })

  it('is led by many at once, of which none is started twice', async (context) => {
    const { expect } = context
    const { open, evidence } = await show(context)
    const { page, faults } = await open()
    await page.getByRole('button', { name: 'Review many…' }).click()
    const dialog = page.getByRole('dialog', { name: 'Review many' })
    await dialog.getByLabel('Commits and ranges').fill('HEAD~1..HEAD\nno-such-commit')
    await dialog.getByRole('button', { name: 'Review them' }).click()
    await dialog.getByText('2 reviews: 1 started, 1 cannot be reviewed.').waitFor()
    await dialog.getByRole('button', { name: 'Review them' }).click()
    await dialog.getByText('2 reviews: 1 running already, 1 cannot be reviewed.').waitFor()
    await ended(expect, evidence)
    await expect
      .poll(async () => {
        await dialog.getByRole('button', { name: 'Review them' }).click()
        return await dialog.getByRole('status').innerText()
      })
      .toContain('1 done already')
    await dialog.getByRole('button', { name: 'Close' }).last().click()
    await reviewsOf(page)
      .getByRole('button', { name: /no-such-commit/ })
      .click()
    await reviewsOf(page)
      .getByText(/It could not be reviewed: .*has no commit called "no-such-commit"/)
      .waitFor()
    expect(evidence.all().filter(({ event }) => event === 'begin')).toHaveLength(1)
    expect(faults).toEqual([])
  })

  it('begins with a delivery of a forge, and ends with a clean-up that one instance has won', async (context) => {
    const { expect } = context
    const { open, origin, evidence } = await show(context, {
      AIREVIEW_WEBHOOK_SECRET: SECRET,
      AIREVIEW_WEBHOOK_REPOSITORY: REPOSITORY,
      AIREVIEW_CLEAN_UP: '* * * * * *',
      AIREVIEW_KEEP_MS: '1000',
    })
    const { page, faults } = await open()
    await page.getByRole('button', { name: 'Fire one job × 15' }).first().click()
    const { jobKey } = await ended(expect, evidence)
    const head = ((await (await fetch(`${origin}/api/reviews/${jobKey}`)).json()) as { head: string }).head
    // Of a new branch: its last commits, which are those of the review that is there.
    const body = JSON.stringify({
      ref: 'refs/heads/main',
      before: '0'.repeat(40),
      after: head,
      repository: { full_name: REPOSITORY, pushed_at: Math.floor(Date.now() / 1_000) },
    })
    const deliver = async (secret: string, id: string): Promise<number> => {
      const response = await fetch(`${origin}/webhooks/forge`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-github-event': 'push',
          'x-github-delivery': id,
          'x-hub-signature-256': await sign(secret, body),
        },
        body,
      })
      return response.status
    }
    const id = randomUUID()
    expect([
      await deliver('somebody-elses-secret', id),
      await deliver(SECRET, id),
      await deliver(SECRET, id),
    ]).toEqual([401, 202, 202])
    await page.getByText(`${REPOSITORY} asks for review`).first().waitFor()
    expect(await page.getByText(`${REPOSITORY} asks for review`).count()).toBe(1)

    const verdicts = reviewsOf(page).locator('.verdicts')
    await verdicts.getByRole('button', { name: /^Approve/ }).click()
    await verdicts.getByRole('button', { name: /^Merge/ }).click()
    const cleaned = page.getByRole('region', { name: 'Clean-up' })
    await cleaned
      .getByText(/instance-\d/)
      .first()
      .waitFor()
    await expect.poll(() => reviewsOf(page).innerText(), { timeout: 60_000 }).not.toContain('Merged')
    expect(faults).toEqual([])
  })
})
