/** What several visitors see, with and without the token, with every kind of screen, and over a line that breaks. */
import type { Page } from '@holdfast/test-support/chromium'
import { describe, it } from 'vitest'
import { flakyLine } from './flaky-line.ts'
import { ended, fireAndWait, reached, squares, tableOf } from './acts.ts'
import { untilLive, useShownDemo } from './shown-demo.ts'

/** Notes of every message of the stream what it brought. */
const LISTEN = `
  window.heard = { seqs: [], snapshots: 0, opened: [] }
  window.EventSource = class extends EventSource {
    constructor(url) {
      super(url)
      heard.opened.push(url)
      this.addEventListener('message', ({ data }) => heard.seqs.push(...JSON.parse(data).map(({ seq }) => seq)))
      this.addEventListener('snapshot', ({ data }) => {
        heard.snapshots += 1
        heard.seqs.push(JSON.parse(data).seq)
      })
    }
  }`

interface Heard {
  readonly seqs: readonly number[]
  readonly snapshots: number
  readonly opened: readonly string[]
}

describe('who watches', () => {
  const show = useShownDemo()

  it('sees the same in two browsers, one of which came late', async (context) => {
    const { expect } = context
    const { open, evidence } = await show(context)
    const one = await open()
    const other = await open({ colorScheme: 'dark' })
    await fireAndWait(one.page)
    const work = await ended(expect, evidence)
    for (const { page } of [one, other]) await expect.poll(() => squares(page)).not.toMatch(/running|waiting/)
    const late = await open({ withToken: false })
    const seen = await Promise.all(
      [one, other, late].map(async ({ page }) => [await squares(page), await tableOf(page)]),
    )
    expect(seen[1]).toEqual(seen[0])
    expect(seen[2]).toEqual(seen[0])
    expect(seen[0]?.[1]).toContain(`${evidence.rows(work)[0]?.instance}\t`)
    expect([one, other, late].flatMap(({ faults }) => faults)).toEqual([])
  })

  it('misses nothing when the line breaks in the middle of a job', async (context) => {
    const { expect, onTestFinished } = context
    const { open, evidence, origin } = await show(context)
    const line = await flakyLine(origin, onTestFinished)
    const { page } = await open({ origin: line.origin, script: LISTEN })
    await fireAndWait(page)
    await reached(expect, evidence, 30)
    line.cut()
    await page.locator('.status').getByText('Not live').waitFor()
    await page.getByText('Connection lost').waitFor()
    // All that it misses happens now, and it cannot act meanwhile.
    expect(await enabledVerbs(page)).toEqual([])
    await page.getByText(/^Not live: it stands still since \d\d:\d\d:\d\d$/).waitFor()
    // Time goes on for the one who looks, and not in the picture.
    const still = await picture(page)
    const ago = await page.locator('.lost-line').textContent()
    await expect.poll(() => page.locator('.lost-line').textContent()).not.toBe(ago)
    expect(await picture(page)).toBe(still)
    await ended(expect, evidence)
    line.mend()
    await untilLive(page)
    await expect.poll(() => squares(page)).not.toMatch(/running|waiting/)

    const { seqs, snapshots, opened } = (await page.evaluate('window.heard')) as Heard
    expect(snapshots).toBe(1)
    expect(opened.at(-1)).toMatch(/^\/api\/events\?after=/)
    expect(seqs).toEqual(seqs.map((_, index) => (seqs[0] ?? 0) + index))
    const fresh = await open()
    expect(await tableOf(page)).toBe(await tableOf(fresh.page))
    expect(await squares(page)).toBe(await squares(fresh.page))
  })

  it('can look without the token, and learns how to get it', async (context) => {
    const { expect } = context
    const { open, evidence, origin, token } = await show(context)
    const { page } = await open({ withToken: false })
    await page.getByRole('button', { name: 'Kill instance-1' }).click()
    const dialog = page.getByRole('dialog', { name: 'This needs the token' })
    await dialog.getByText(/the token that the demo printed in its terminal/).waitFor()
    await dialog.getByLabel('Token').fill('not-the-token-at-all')
    await dialog.getByRole('button', { name: 'Use it' }).click()
    expect(await dialog.getByRole('alert').innerText()).toContain('not the token')
    // Nor does a program that knows the address get more.
    const refused = await fetch(`${origin}/api/actions/fire`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-aireview': '1' },
      body: JSON.stringify({ times: 1, waiting: 0 }),
    })
    expect([refused.status, await refused.json()]).toEqual([
      401,
      { ok: false, message: expect.stringContaining('the token that the terminal shows') as string },
    ])
    expect(evidence.all()).toEqual([])
    expect(await page.getByRole('group', { name: 'instance-1' }).innerText()).toContain('up')

    await dialog.getByLabel('Token').fill(token)
    await dialog.getByRole('button', { name: 'Use it' }).click()
    await dialog.waitFor({ state: 'hidden' })
    await fireAndWait(page)
    await reached(expect, evidence, 10)
  })

  it('reads in the table what the database has', async (context) => {
    const { expect } = context
    const { open, evidence } = await show(context, { AIREVIEW_LEASE_MS: '3000' })
    const { page } = await open()
    await fireAndWait(page)
    const { instance } = await reached(expect, evidence, 60)
    await page.getByRole('button', { name: `Freeze ${instance}` }).click()
    const work = await ended(expect, evidence)
    await page.getByRole('button', { name: `Thaw ${instance}` }).click()
    await expect.poll(() => evidence.refusals(work).length).toBe(1)
    await expect.poll(async () => await tableOf(page)).toContain('late write refused')
    const lines = (await tableOf(page))
      .split('\n')
      .slice(1)
      .map((line) => line.split('\t'))
    const attempts = lines
      .filter(([, , , attempt]) => attempt !== '')
      .map(([, where, , attempt, , what]) => [where, attempt, what?.endsWith('done')])
    const rows = evidence.rows(work)
    const begins = rows.filter(({ event }) => event === 'begin')
    expect(attempts.toReversed()).toEqual(
      begins.map((begin) => [
        begin.instance,
        String(begin.attempt),
        rows.some(({ event, executionId }) => event === 'end' && executionId === begin.executionId),
      ]),
    )
    expect(lines.filter(([, where]) => where === 'Database')).toHaveLength(evidence.refusals(work).length)
  })

  it('goes over the page with the keyboard alone', async (context) => {
    const { expect } = context
    const { open, evidence } = await show(context)
    const { page, faults } = await open()
    const { keyboard } = page
    const focused = async (): Promise<string> =>
      String(await page.evaluate('document.activeElement.ariaLabel ?? document.activeElement.textContent'))
    await keyboard.press('Tab')
    expect(await focused()).toBe('To the picture')
    const fire = page.getByRole('button', { name: 'Fire one job × 15' }).first()
    await fire.focus()
    await keyboard.press('Enter')
    const work = await ended(expect, evidence)

    const picture = page.getByRole('application')
    await picture.focus()
    await keyboard.press('ArrowRight')
    const named = async (): Promise<string> => {
      const id = await picture.getAttribute('aria-activedescendant')
      return (await page.locator(`[id="${id}"]`).getAttribute('aria-label')) ?? ''
    }
    const first = await named()
    expect(first).toMatch(/#1/)
    // Nothing is above the first row.
    await keyboard.press(first.includes('instance-1') ? 'ArrowDown' : 'ArrowUp')
    await expect.poll(named).not.toBe(first)
    await keyboard.press('Enter')
    await expect.poll(() => page.url()).toContain(`job=${work.jobType}:${work.jobKey}`)
    await keyboard.press('Escape')
    await expect.poll(() => page.url()).not.toContain('job=')

    // It stood still under the keyboard, and goes on only when it is asked to.
    await page.getByRole('button', { name: 'Go on' }).waitFor()
    await keyboard.press('0')
    await page.getByRole('button', { name: 'Pause' }).waitFor()
    await keyboard.press('Space')
    await page.getByRole('button', { name: 'Go on' }).waitFor()
    await keyboard.press('Space')
    await page.getByRole('button', { name: 'Pause' }).waitFor()
    await keyboard.press('?')
    await page.getByRole('dialog', { name: /Keys/ }).waitFor()
    await keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    for (const [key, name] of Object.entries({
      r: 'Reviews',
      l: 'Locks',
      c: 'Cache',
      o: 'Log',
      i: 'Instances',
    })) {
      await keyboard.press('g')
      await keyboard.press(key)
      await expect.poll(focused).toBe(name)
    }
    await keyboard.press('/')
    expect(await page.evaluate('document.activeElement.tagName')).toBe('INPUT')
    await keyboard.type('kzct')
    expect(await page.locator('.row-head', { hasText: 'gone' }).count()).toBe(0)
    expect(faults).toEqual([])
  })

  it('never has to scroll sideways on a phone', async (context) => {
    const { expect } = context
    const { open, evidence } = await show(context)
    const { page, faults } = await open({ width: 360 })
    const widths = async (): Promise<unknown> =>
      await page.evaluate('[document.documentElement.scrollWidth, document.body.scrollWidth]')
    expect(await widths()).toEqual([360, 360])
    await page.getByRole('button', { name: 'Fire one job × 15' }).first().click()
    await reached(expect, evidence, 50)
    expect(await widths()).toEqual([360, 360])
    await ended(expect, evidence)
    await page.locator('.diff .code').first().waitFor()
    await page.locator('.named').click({ position: { x: 5, y: 5 } })
    expect(await widths()).toEqual([360, 360])
    await page.getByRole('banner').getByRole('button', { name: 'Start the tour' }).click()
    await page.locator('.tour').getByText('Step 1 of 5').waitFor()
    expect(await widths()).toEqual([360, 360])
    expect(faults).toEqual([])
  })

  it('sees one process on memory storage, and no verb that needs several', async (context) => {
    const { expect } = context
    const { open, evidence } = await show(context, { AIREVIEW_CLIENT: 'memory', AIREVIEW_PACE_MS: '50' })
    const { page, faults } = await open()
    await page.locator('.status').getByText('Memory of one process').waitFor()
    await page.getByRole('group', { name: 'instance-1' }).getByText('memory · Fastify').waitFor()
    const several = /^(Kill|Freeze|Thaw|Cut|Restore|Stop Redis|Start Redis)/
    expect(await page.getByRole('button', { name: several }).count()).toBe(0)
    await page.getByRole('button', { name: 'Fire one job × 15' }).first().click()
    const work = await ended(expect, evidence)
    expect([evidence.count(work, 'begin'), evidence.saves(work, 'charge')]).toEqual([1, 1])
    expect(faults).toEqual([])
  })

  it('has loaded no more than 200 kB when the page is live', async (context) => {
    const { expect } = context
    const { open } = await show(context)
    const { page } = await open()
    await page.evaluate('document.fonts.ready')
    const loaded = await loadedBy(page)
    // Each came compressed where that helps: what is sent is smaller than what it says.
    expect(loaded.filter(({ name }) => /\.(js|css)$/.test(name)).every(({ sent, size }) => sent < size)).toBe(
      true,
    )
    expect(loaded.some(({ name }) => name.endsWith('.js'))).toBe(true)
    expect(loaded.some(({ name }) => name.endsWith('.woff2'))).toBe(true)
    expect(loaded.reduce((sum, { sent }) => sum + sent, 0)).toBeLessThan(200_000)
    await context.annotate(loaded.map(({ name, sent }) => `${name} ${sent}`).join(', '))
  })
})

interface Loaded {
  readonly name: string
  readonly sent: number
  readonly size: number
}

/** The page itself and all that it fetched for itself; what it hears of the world is not among them. */
async function loadedBy(page: Page): Promise<readonly Loaded[]> {
  const entries = await page.evaluate(`[
    ...performance.getEntriesByType('navigation'),
    ...performance.getEntriesByType('resource'),
  ].map(({ name, encodedBodySize, decodedBodySize }) => ({ name, sent: encodedBodySize, size: decodedBodySize }))`)
  return (entries as readonly Loaded[]).filter(({ name }) => !name.includes('/api/'))
}

/** Everything that changes something, and can be pressed. */
async function enabledVerbs(page: Page): Promise<readonly string[]> {
  const names = /^(Fire|Review a range|Stop Redis|More|Kill|Freeze|Cut|Clear|Revoke|Start the tour|Forget)/
  const buttons = await page.getByRole('button', { name: names }).all()
  const enabled = await Promise.all(
    buttons.map(async (button) => ((await button.isEnabled()) ? await button.innerText() : '')),
  )
  return [buttons.length > 10 ? '' : 'too few verbs', ...enabled].filter((name) => name !== '')
}

async function picture(page: Page): Promise<string> {
  return (await page.evaluate("document.querySelector('.canvas > canvas').toDataURL()")) as string
}
