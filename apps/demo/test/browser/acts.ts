import type { Page } from '@holdfast/test-support/chromium'
import type { ExpectStatic } from 'vitest'
import type { Work } from '../../src/events/page-event.ts'
import type { JobRun } from '../../src/store/witness.ts'
import type { Evidence } from '../tour/evidence.ts'

/** Three starts, and those that do not run the job wait for it. */
export async function fireAndWait(page: Page): Promise<void> {
  const menu = page.locator('.more summary')
  await menu.click()
  await page.getByRole('button', { name: 'Fire one job × 3, all wait' }).click()
  await menu.click()
}

/** The first row of a job that is so far. */
export async function reached(
  expect: ExpectStatic,
  { all }: Evidence,
  percent: number,
): Promise<JobRun & Work> {
  const find = (): JobRun | undefined => all().find(({ detail }) => Number.parseInt(detail, 10) >= percent)
  await expect.poll(find).toBeDefined()
  return find() as JobRun & Work
}

/** The work that has ended first. */
export async function ended(expect: ExpectStatic, { ends }: Evidence): Promise<Work> {
  await expect.poll(() => ends().length).toBeGreaterThan(0)
  const [row] = ends()
  return row as JobRun & Work
}

/** `Starts with Holdfast: 12 turned away, 1 ran and saved`. */
export async function squares(page: Page): Promise<string> {
  return (await page.getByRole('img', { name: /^Starts with Holdfast/ }).getAttribute('aria-label')) ?? ''
}

/** What the table says that stands for the picture: a line each, with tabs. */
export async function tableOf(page: Page): Promise<string> {
  const picture = page.getByRole('button', { name: 'Show as table' })
  if (await picture.isVisible()) await picture.click()
  return await page.getByRole('region', { name: 'What happened, newest first' }).innerText()
}
