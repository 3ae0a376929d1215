/** What visitors do before a picture is taken. */
import { randomUUID } from 'node:crypto'
import { sign } from '@octokit/webhooks-methods'
import type { Page } from '@holdfast/test-support/chromium'
import type { Camera } from './camera.ts'

/** The tour up to the late write that is refused, and the starts of its first step without Holdfast. */
export async function playTour(page: Page): Promise<void> {
  await page.getByRole('banner').getByRole('button', { name: 'Start the tour' }).click()
  const card = page.locator('.tour')
  for (const step of [1, 2, 3]) {
    await card.getByText(`Step ${step} of 5`).waitFor()
    await card.locator('.after, .missed').waitFor()
    if (step < 3) await card.getByRole('button', { name: 'Next' }).click()
  }
  await page.getByRole('img', { name: /^The same starts without Holdfast/ }).waitFor()
  await readable(page)
}

/** A diff with the colours of its language. */
export async function readable(page: Page): Promise<void> {
  await page
    .getByRole('region', { name: 'Reviews' })
    .getByRole('tab', { name: /\.ts\b/ })
    .first()
    .click()
  await page.locator('.diff .keyword').first().waitFor()
}

export const WEBHOOK = { secret: 'the-secret-of-the-forge', repository: 'acme/shop' }

export interface Life {
  readonly page: Page
  readonly origin: string
  readonly camera: Camera
}

/** Many reviews at once, what persons make of them, what a forge asks for, and a clean-up. */
export async function playLife({ page, origin, camera }: Life): Promise<void> {
  const reviews = page.getByRole('region', { name: 'Reviews' })
  await reviews.getByRole('button', { name: 'Review many…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Review many' })
  await dialog.getByLabel('Commits and ranges').fill('HEAD~5..HEAD\nno-such-commit')
  await dialog.getByRole('button', { name: 'Review them' }).click()
  await dialog.getByText('6 reviews: 5 started, 1 cannot be reviewed.').waitFor()
  await camera(page, 'page-many')
  await dialog.getByRole('button', { name: 'Close' }).last().click()
  const row = (number: number) => reviews.getByRole('row', { name: new RegExp(`#${number} `) })
  for (const number of [1, 2, 3, 4, 5]) await row(number).getByText('Human review').waitFor()

  const verdicts = reviews.locator('.verdicts')
  const choose = async (number: number): Promise<void> => {
    await row(number)
      .getByRole('button', { name: `#${number} ` })
      .click()
  }
  await choose(1)
  await verdicts.getByRole('button', { name: 'Approve #1' }).click()
  await verdicts.getByRole('button', { name: 'Merge #1' }).click()
  await choose(2)
  await verdicts.getByRole('button', { name: 'Approve #2' }).click()
  await choose(3)
  await verdicts.getByRole('button', { name: 'Reject #3…' }).click()
  const rejection = page.getByRole('dialog', { name: 'Reject #3' })
  await rejection.getByLabel('Why').fill('The list of a day must not stop the shop.')
  await rejection.getByRole('button', { name: 'Reject it' }).click()
  await row(3).getByText('Rejected').waitFor()

  const head = await headOf(page, origin)
  await deliver(origin, head)
  await row(7).getByText('AI reviewing').waitFor()
  await choose(4)
  await reviews.getByRole('heading', { name: /^#4 / }).waitFor()
  for (const words of [/of its state/, /^Second reviewer/])
    await reviews.locator('summary', { hasText: words }).click()
  await readable(page)
}

/** The newest commit that is reviewed. */
async function headOf(page: Page, origin: string): Promise<string> {
  const id = await page.evaluate(
    'fetch("/api/events").then(async ({ body }) => new TextDecoder().decode((await body.getReader().read()).value))',
  )
  const [, review = ''] = /"(review-[0-9a-f]+-5)"/.exec(String(id)) ?? []
  const { head } = (await (await fetch(`${origin}/api/reviews/${review}`)).json()) as {
    readonly head: string
  }
  return head
}

/** A push of a branch that is new: its last commits. */
async function deliver(origin: string, head: string): Promise<void> {
  const body = JSON.stringify({
    ref: 'refs/heads/main',
    before: '0'.repeat(40),
    after: head,
    repository: { full_name: WEBHOOK.repository, pushed_at: Math.floor(Date.now() / 1_000) },
  })
  const response = await fetch(`${origin}/webhooks/forge`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'push',
      'x-github-delivery': randomUUID(),
      'x-hub-signature-256': await sign(WEBHOOK.secret, body),
    },
    body,
  })
  if (response.status !== 202)
    throw new Error(`The forge was answered ${response.status}: ${await response.text()}`)
}
