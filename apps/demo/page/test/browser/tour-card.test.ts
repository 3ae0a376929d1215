/** The card of the tour, and the dialogs: what stands over or beside the page. */
import { describe, expect, it } from 'vitest'
import type { TourState } from '../../../src/events/page-event.ts'
import { type OpenedPage, seriousFindings, useBrowser } from './opened.ts'

const STEP: TourState = {
  step: 2,
  state: 'done',
  title: 'One is killed',
  before: 'instance-1 is killed in the middle of a review.',
  after: 'Its lease ran out after 5 seconds. instance-3 took over and went on from 50 %.',
  counted: 'rows that the job inserted: 2 begin · 1 end',
  from: 0,
  to: 1,
  work: null,
}

const say = (world: OpenedPage['world'], tour: Partial<TourState>): void =>
  world.tell({ at: Date.now(), source: 'coordinator', type: 'tour', ...STEP, ...tour })

/** Where the page was asked to go: the tour of these tests is only told, and cannot be led. */
async function asked(page: OpenedPage['page']): Promise<readonly unknown[]> {
  const went: unknown[] = []
  await page.route('**/api/actions/tour', async (route) => {
    went.push(route.request().postDataJSON())
    await route.fulfill({ json: { ok: true, message: '' } })
  })
  return went
}

describe('the card of the tour', () => {
  const open = useBrowser()

  it('says what was done, what was seen, and who counted', async () => {
    const { page, world } = await open()
    say(world, {})
    const card = page.getByRole('region', { name: 'One is killed' })
    await card.getByText('Step 2 of 5').waitFor()
    const text = (await card.textContent()) ?? ''
    for (const part of [STEP.before, STEP.after, 'Rows that the job inserted', '2 begin · 1 end']) {
      expect(text).toContain(part)
    }
    expect(await card.getByRole('list', { name: 'What to look at' }).getByRole('listitem').count()).toBe(4)
  })

  it('goes on, back and again only when the step is over, and keeps the focus meanwhile', async () => {
    const { page, world } = await open()
    const went = await asked(page)
    say(world, { state: 'acting', after: '', counted: '' })
    const card = page.getByRole('region', { name: 'One is killed' })
    const next = card.getByRole('button', { name: 'Next' })
    await next.focus()
    await page.keyboard.press('Enter')
    say(world, {})
    await card.getByText('2 begin · 1 end').waitFor()
    expect(await next.evaluate((button) => button === document.activeElement)).toBe(true)
    for (const name of ['Next', 'Back', 'Do it again']) {
      await card.getByRole('button', { name }).click()
    }
    await expect
      .poll(() => went)
      .toEqual([
        { go: 'next', from: 2 },
        { go: 'back', from: 2 },
        { go: 'again', from: 2 },
      ])
  })

  it('says when it goes on by itself, and nothing of it when it does not', async () => {
    const { page, world } = await open()
    say(world, { goesOnAt: Date.now() + 3_600_000 })
    await page.locator('.goes-on', { hasText: /in 3[56]\d\d s/ }).waitFor()
    say(world, { goesOnAt: null })
    await page.locator('.goes-on').waitFor({ state: 'detached' })
  })

  it('says it when something did not come', async () => {
    const { page, world } = await open()
    say(world, { state: 'missed', after: 'No instance took over within 20 seconds.' })
    await page.locator('.tour .bad', { hasText: 'within 20 seconds' }).waitFor()
  })

  it('ends, and says what one can do', async () => {
    const { page, world } = await open()
    const went = await asked(page)
    say(world, { step: 6, title: 'Now you' })
    const card = page.getByRole('region', { name: 'Now you' })
    await card.getByRole('button', { name: 'End the tour' }).last().click()
    await expect.poll(() => went).toEqual([{ go: 'end', from: 6 }])
    say(world, { step: null })
    await card.waitFor({ state: 'detached' })
  })

  it.each([
    { width: 1280, scheme: 'light' },
    { width: 768, scheme: 'dark' },
    { width: 360, scheme: 'light' },
  ] as const)(
    'is without serious findings, and covers no panel head beside it, at $width px',
    async (view) => {
      const { page, world } = await open(view)
      say(world, {})
      const card = page.getByRole('region', { name: 'One is killed' })
      await card.waitFor()
      expect(await seriousFindings(page)).toEqual([])
      const [box, picture] = await Promise.all([
        card.boundingBox(),
        page.getByRole('region', { name: 'Instances' }).boundingBox(),
      ])
      if (box === null || picture === null) throw new Error('Something is not there.')
      if (view.width > 1080) expect(box.x).toBeGreaterThanOrEqual(picture.x + picture.width)
      // A sheet: at the lower edge, and less than half of the screen.
      else expect(box).toMatchObject({ height: expect.toSatisfy((height: number) => height < 450) })
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(view.width)
    },
  )

  it.each(['light', 'dark'] as const)('has a dialog without serious findings, %s', async (scheme) => {
    const { page } = await open({ scheme })
    await page
      .getByRole('region', { name: 'Reviews' })
      .getByRole('button', { name: 'Review a range…' })
      .click()
    await page.getByRole('dialog').waitFor()
    expect(await seriousFindings(page)).toEqual([])
  })
})
