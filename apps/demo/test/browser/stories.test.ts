/** What a visitor does to the demo with the page's own buttons, and what the database says of it afterwards. */
import { describe, it } from 'vitest'
import type { Work } from '../../src/events/page-event.ts'
import type { JobRun } from '../../src/store/witness.ts'
import type { Evidence } from '../tour/evidence.ts'
import { ended, fireAndWait, reached, squares, tableOf } from './acts.ts'
import { useShownDemo } from './shown-demo.ts'

describe('a visitor', () => {
  const show = useShownDemo()

  it('starts one job fifteen times, and it runs once', async (context) => {
    const { expect } = context
    const { open, evidence } = await show(context)
    const { page, faults } = await open()
    await page.getByRole('button', { name: 'Fire one job × 15' }).first().click()
    const work = await ended(expect, evidence)
    const verdict = page.getByRole('region', { name: 'What it comes to' })
    await expect
      .poll(() => verdict.getByRole('heading').innerText())
      .toMatch(/^15 starts, 1 result,\s+none twice$/)
    await expect
      .poll(() => squares(page))
      .toMatch(/^(?=.*12 turned away)(?=.*1 ran and saved)(?=.*2 got the result)/)
    expect([
      evidence.count(work, 'begin'),
      evidence.count(work, 'end'),
      evidence.saves(work, 'charge'),
    ]).toEqual([1, 1, 1])

    await verdict.getByRole('button', { name: 'Run the same without Holdfast' }).click()
    const without = verdict.getByRole('img', { name: /^The same starts without Holdfast/ })
    await without.waitFor()
    expect(await without.getAttribute('aria-label')).toMatch(
      /: (?=.*1 ran and saved)(?=.*14 a result too many)/,
    )
    expect(faults).toEqual([])
  })

  it('kills the machine that runs a job, and another takes over', async (context) => {
    const { expect } = context
    const { open, evidence } = await show(context, { AIREVIEW_LEASE_MS: '3000' })
    const { page, faults } = await open()
    await fireAndWait(page)
    const victim = await reached(expect, evidence, 50)
    await page.getByRole('button', { name: `Kill ${victim.instance}` }).click()
    const [one, other] = beginsOf(evidence, await ended(expect, evidence))
    expect([one?.instance, other?.attempt]).toEqual([victim.instance, 2])
    expect(other?.instance).not.toBe(victim.instance)
    // It went on where the first had got to, and did not begin anew.
    const again = evidence.rows(victim).find(({ attempt, event }) => attempt === 2 && event === 'stage')
    expect(Number.parseInt(again?.detail ?? '', 10)).toBeGreaterThan(40)
    expect([evidence.saves(victim, 'findings'), evidence.saves(victim, 'charge')]).toEqual([1, 1])

    // It is started again, as an orchestrator would.
    await page.getByRole('button', { name: `Kill ${victim.instance}` }).waitFor()
    const table = (): Promise<string> => tableOf(page)
    await expect
      .poll(table)
      .toMatch(new RegExp(`${other?.instance}\\t.*took over from ${victim.instance} at \\d0 %, done`))
    await expect.poll(table).toMatch(new RegExp(`${victim.instance}\\t.*killed`))
    expect(faults).toEqual([])
  })

  it('freezes a machine, thaws it when it is too late, and its write is refused', async (context) => {
    const { expect } = context
    const { open, evidence } = await show(context, { AIREVIEW_LEASE_MS: '3000' })
    const { page, faults } = await open()
    await fireAndWait(page)
    const sleeper = await reached(expect, evidence, 60)
    await page.getByRole('button', { name: `Freeze ${sleeper.instance}` }).click()
    await ended(expect, evidence)
    expect(evidence.refusals(sleeper)).toEqual([])
    await page.getByRole('button', { name: `Thaw ${sleeper.instance}` }).click()
    await expect
      .poll(() => evidence.refusals(sleeper).map(({ instance }) => instance))
      .toEqual([sleeper.instance])
    expect([
      evidence.count(sleeper, 'begin'),
      evidence.count(sleeper, 'end'),
      evidence.saves(sleeper, 'charge'),
    ]).toEqual([2, 1, 1])
    await expect
      .poll(() => tableOf(page))
      .toContain(`${sleeper.instance}: late write refused: fence 1 is older than 2`)
    expect(faults).toEqual([])
  })

  it('cuts a machine off in the middle of a job, and gives it its network again', async (context) => {
    const { expect } = context
    const { open, evidence } = await show(context, { AIREVIEW_LEASE_MS: '3000' })
    const { page, faults } = await open()
    await fireAndWait(page)
    const lonely = await reached(expect, evidence, 30)
    await page.getByRole('button', { name: `Cut the network of ${lonely.instance}` }).click()
    const head = page.getByRole('group', { name: lonely.instance })
    await head.getByText('no network').waitFor()
    await expect.poll(() => evidence.count(lonely, 'end')).toBe(1)
    await page.getByRole('button', { name: `Restore the network of ${lonely.instance}` }).click()
    await head.getByText('up', { exact: true }).waitFor()
    // Whatever the one did that was cut off, what counts is there once.
    await expect.poll(() => squares(page)).not.toMatch(/running|waiting/)
    expect([evidence.count(lonely, 'end'), evidence.saves(lonely, 'charge')]).toEqual([1, 1])
    await expect.poll(() => tableOf(page)).toMatch(new RegExp(`${lonely.instance}\\t.*network cut`))
    expect(faults).toEqual([])
  })

  it('stops Redis: what runs goes on, what is new gets an error; and starts it again', async (context) => {
    const { expect } = context
    const { open, evidence } = await show(context, { AIREVIEW_LEASE_MS: '20000' })
    const { page, faults } = await open()
    await fireAndWait(page)
    const running = await reached(expect, evidence, 30)
    await page.getByRole('button', { name: 'Stop Redis' }).click()
    await page.locator('.status').getByText('stopped').waitFor()
    await page.getByRole('button', { name: 'Fire one job × 15' }).first().click()
    await expect.poll(() => squares(page)).toContain('15 refused, no Redis')
    await page.getByRole('button', { name: 'Start Redis' }).click()
    await page.locator('.status').getByText(/\d ms/).waitFor()
    await expect.poll(() => squares(page)).not.toMatch(/running|waiting/)
    // One attempt, from before Redis went to after it was back; and nothing of what was refused ran later.
    expect([evidence.count(running, 'begin'), evidence.count(running, 'end')]).toEqual([1, 1])
    expect(new Set(evidence.all().map(({ jobKey }) => jobKey))).toEqual(new Set([running.jobKey]))
    await expect.poll(() => tableOf(page)).toMatch(/Redis\t.*stopped/)
    expect(faults).toEqual([])
  })

  it('has a range reviewed, watches it, and finds each finding on its line', async (context) => {
    const { expect } = context
    const { open, evidence } = await show(context)
    const { page, faults } = await open()
    await page.getByRole('button', { name: 'Review a range…' }).first().click()
    const dialog = page.getByRole('dialog', { name: 'Review a range' })
    await dialog.getByLabel('From').fill('no-such-commit')
    await dialog.getByRole('button', { name: 'Review it' }).click()
    expect(await dialog.getByRole('alert').innerText()).toContain('no-such-commit')
    await dialog.getByLabel('From').fill('HEAD~1')
    await dialog.getByRole('button', { name: 'Review it' }).click()
    await dialog.waitFor({ state: 'hidden' })

    const reviews = page.getByRole('region', { name: 'Reviews' })
    await reviews
      .getByText(/AI reviewing|%/)
      .first()
      .waitFor()
    const work = await ended(expect, evidence)
    await reviews.locator('.verdicts').getByText('Human review', { exact: true }).waitFor()
    // Each row of the table of findings is a card in one of the files.
    const told: string[] = []
    for (const tab of await reviews.getByRole('tab').all()) {
      await tab.click()
      told.push(...(await reviews.locator('.finding .rule').allInnerTexts()))
    }
    const found = evidence.rules(work)
    expect(found.length).toBeGreaterThan(0)
    expect(told.toSorted()).toEqual(found.toSorted())
    // The one that said no such commit was asked for on purpose.
    expect(faults.filter((fault) => !fault.includes('409'))).toEqual([])
  })
})

function beginsOf({ rows }: Evidence, work: Work): readonly JobRun[] {
  return rows(work).filter(({ event }) => event === 'begin')
}
