/** What is below the picture, in a real browser, over the real server and a made-up story. */
import { describe, expect, it } from 'vitest'
import { seriousFindings, useBrowser } from './opened.ts'

describe('the regions', () => {
  const open = useBrowser()

  const views = [1280, 768, 360].flatMap((width) =>
    (['light', 'dark'] as const).map((scheme) => ({ width, scheme })),
  )

  it.each(views)('are without serious findings at $width px, $scheme, and fit', async (view) => {
    const { page, faults } = await open(view)
    expect(await seriousFindings(page)).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(view.width)
    expect(faults).toEqual([])
  })

  it.each([1280, 360])('have nothing to press that is smaller than 24 px, at %i px', async (width) => {
    const { page } = await open({ width })
    const small = await page.evaluate(() =>
      Array.from(
        document.querySelectorAll<HTMLElement>('main button, main select, main input, main [role=treeitem]'),
      )
        .map((element) => ({ element, box: element.getBoundingClientRect() }))
        .filter(({ box }) => box.width > 0 && (box.height < 23.5 || box.width < 23.5))
        .map(({ element, box }) => `${element.outerHTML.slice(0, 80)}: ${box.width} × ${box.height}`),
    )
    expect(small).toEqual([])
  })

  it('show a finding under its line, and go from finding to finding by keyboard, over files', async () => {
    const { page } = await open()
    const reviews = page.getByRole('region', { name: 'Reviews' })
    await reviews.getByRole('button', { name: /Discount codes/ }).click()
    await reviews.getByRole('tab', { name: /discount\.ts/ }).focus()
    const focused = async (): Promise<string> =>
      await page.evaluate(() => document.activeElement?.textContent?.slice(0, 60) ?? '')
    for (const rule of ['secret/github', 'money/float', 'notes/unfinished', 'diff/large', 'secret/github']) {
      await page.keyboard.press('n')
      await expect.poll(focused).toContain(rule)
    }
    await page.keyboard.press('p')
    await expect.poll(focused).toContain('diff/large')
    expect(await reviews.getByRole('tab', { selected: true }).textContent()).toContain('rates.ts')
  })

  it('show more of a long file, and keep the focus on the button', async () => {
    const { page } = await open()
    const reviews = page.getByRole('region', { name: 'Reviews' })
    await reviews.getByRole('tab', { name: /rates\.ts/ }).click()
    const lines = page.locator('.diff .line-number:not(.old)')
    await page.getByText('Show 20 more lines').waitFor()
    const before = await lines.count()
    await page.getByText('Show 20 more lines').focus()
    await page.keyboard.press('Enter')
    await page.locator('.diff .small', { hasText: 'of 160' }).waitFor()
    expect(await lines.count()).toBe(before + 20)
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Show 20 more lines')
  })

  it('colour the code in the language of the file', async () => {
    const { page } = await open()
    await page.getByRole('tab', { name: /Total\.cs/ }).click()
    await page.locator('.diff .keyword', { hasText: 'public' }).waitFor()
    expect((await page.locator('.diff .comment').allTextContents()).join('')).toBe('// TODO: taxes')
  })

  it('show what ran for a review as a tree, which the arrows walk', async () => {
    const { page } = await open()
    await page.getByRole('button', { name: /Retry the payment call/ }).click()
    const tree = page.getByRole('tree', { name: 'What ran for this change' })
    const names = async (): Promise<readonly string[]> => await tree.locator('.name').allTextContents()
    expect(await names()).toEqual(['full report', 'suggestions', 'risk', 'summary', 'summary'])
    expect(await tree.getByRole('treeitem', { level: 2 }).count()).toBe(3)
    await tree.getByRole('treeitem', { name: /full report/ }).focus()
    await page.keyboard.press('ArrowDown')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('suggestions')
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('ArrowLeft')
    expect(await names()).toEqual(['full report', 'summary'])
    await page.keyboard.press('ArrowRight')
    expect(await names()).toHaveLength(5)
  })

  it('show the holder, the queue in order, and free permits', async () => {
    const { page } = await open()
    const locks = page.getByRole('region', { name: 'Locks' })
    const queue = locks.getByRole('list', { name: /^checkout of sample-shop/ })
    expect(await queue.getByRole('listitem').allTextContents()).toEqual([
      expect.stringMatching(/instance-2held/),
      expect.stringMatching(/instance-3waits/),
      expect.stringMatching(/instance-1waits/),
    ])
    expect(
      await locks
        .getByRole('list', { name: /^model calls/ })
        .getByText('free')
        .count(),
    ).toBe(1)
    expect(await locks.textContent()).toContain('last held by instance-1, 2 min ago')
  })

  it('show what Redis holds for a lock and for a namespace of the cache, decoded', async () => {
    const { page } = await open()
    await page
      .getByRole('region', { name: 'Locks' })
      .getByRole('button', { name: 'model calls', exact: true })
      .click()
    const lock = page.getByRole('region', { name: 'model calls' })
    await lock.getByText('{holdfast:l:AIReview:lock:model calls}:s').waitFor()
    expect(await lock.locator('dd').allTextContents()).toContain('instance-2')
    await lock.getByRole('button', { name: 'Raw' }).click()
    await lock.getByText('as it is stored').waitFor()
    await page
      .getByRole('region', { name: 'Cache' })
      .getByRole('button', { name: 'analysis', exact: true })
      .click()
    const namespace = page.getByRole('region', { name: 'Cache: analysis' })
    await namespace.getByText('holdfast:v:AIReview:analysis:42').waitFor()
    expect(await namespace.locator('dd').allTextContents()).toEqual(['fresh', '86400000 ms'])
  })

  it('ask before they revoke, show a refusal in the dialog, and give the focus back', async () => {
    const { page, world } = await open()
    const revoke = page.getByRole('button', { name: 'Revoke checkout of sample-shop from instance-2' })
    await revoke.click()
    const dialog = page.getByRole('dialog', { name: 'Take it from instance-2?' })
    expect(world.acts).toEqual([])
    await dialog.getByRole('button', { name: 'Revoke' }).click()
    await dialog.getByRole('alert').waitFor()
    expect(await dialog.getByRole('alert').textContent()).toBe('Another instance has it by now. Look again.')
    expect(world.acts).toEqual([
      { name: 'revoke', input: { lock: 'checkout of sample-shop', token: 'token-0' } },
    ])
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    expect(await revoke.evaluate((button) => button === document.activeElement)).toBe(true)
  })

  it('review a range that was typed', async () => {
    const { page, world } = await open()
    await page
      .getByRole('region', { name: 'Reviews' })
      .getByRole('button', { name: 'Review a range…' })
      .click()
    const dialog = page.getByRole('dialog', { name: 'Review a range' })
    await dialog.getByLabel('From').fill('v1.0.0')
    await dialog.getByRole('button', { name: 'Review it' }).click()
    await dialog.waitFor({ state: 'detached' })
    expect(world.acts).toEqual([{ name: 'review', input: { base: 'v1.0.0', head: 'HEAD' } }])
  })

  it('clear one namespace of the cache, and say what was done', async () => {
    const { page, world } = await open()
    const cache = page.getByRole('region', { name: 'Cache' })
    await cache.getByRole('button', { name: 'Clear analysis' }).click()
    await cache.getByText('It is done.').waitFor()
    expect(world.acts).toEqual([{ name: 'clear-cache', input: { namespace: 'analysis' } }])
  })

  it('draw the columns of the cache', async () => {
    const { page } = await open()
    const canvas = page.getByRole('region', { name: 'Cache' }).locator('canvas')
    const colours = async (): Promise<number> =>
      await canvas.evaluate((element: HTMLCanvasElement) => {
        const { data } = element.getContext('2d')?.getImageData(0, 0, element.width, element.height) ?? {
          data: [],
        }
        const found = new Set<number>()
        for (let at = 0; at < data.length; at += 4)
          found.add((data[at] ?? 0) * 65_536 + (data[at + 1] ?? 0) * 256 + (data[at + 2] ?? 0))
        return found.size
      })
    await expect.poll(colours).toBeGreaterThan(20)
    await canvas.hover({ position: { x: 180, y: 40 } })
    await page.locator('.chart-reading').waitFor()
    expect(await page.locator('.chart-reading').textContent()).toMatch(/^\d\d:\d\d:\d\d .*from memory/)
  })

  it('filter the log, and mark the lines that the story turns on', async () => {
    const { page } = await open()
    const log = page.getByRole('region', { name: 'Log' })
    await log.getByLabel('Text in the line').fill('8fK2wq')
    const marked = log.locator('.killed, .tookOver, .completed')
    await expect
      .poll(() => marked.locator('.message').allTextContents())
      .toEqual(['killed at 50 %', 'took over from instance-1 at 50 % · attempt 2', 'completed'])
    await log.getByRole('option', { name: /took over/ }).click()
    expect(await log.locator('pre').textContent()).toContain('"executionId": "8fK2wqyT3A"')
  })

  it('keep few rows of a long log in the page, and follow it until one scrolls away', async () => {
    const { page, world } = await open()
    const log = page.getByRole('region', { name: 'Log' })
    const line = (message: string) =>
      world.tell({
        at: Date.now(),
        source: 'instance-1',
        type: 'log',
        instance: 'instance-1',
        level: 'info',
        message,
        executionId: null,
        jobType: null,
        jobKey: null,
      })
    for (let index = 0; index < 900; index += 1) line(`line ${index}`)
    await log.getByText('line 899').waitFor()
    expect(await log.getByRole('option').count()).toBeLessThan(40)
    const list = log.getByRole('listbox')
    await list.evaluate((element) => {
      element.scrollTop = 0
    })
    await log.getByRole('button', { name: 'Follow the newest line' }).waitFor()
    const count = log.locator('header .at-end')
    const before = await count.textContent()
    line('one more')
    await expect.poll(() => count.textContent()).not.toBe(before)
    expect(await list.evaluate((element) => element.scrollTop)).toBe(0)
    await log.getByRole('button', { name: 'Follow the newest line' }).click()
    await log.getByText('one more').waitFor()
  })

  it('copy the lines that are shown, as JSON', async () => {
    const { page } = await open()
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    const log = page.getByRole('region', { name: 'Log' })
    await log.getByLabel('Text in the line').fill('took over from instance-1')
    await log.getByRole('button', { name: 'Copy as JSON lines' }).click()
    await log.getByText('1 line copied').waitFor()
    const copied = await page.evaluate(() => navigator.clipboard.readText())
    expect(JSON.parse(copied)).toMatchObject({
      instance: 'instance-3',
      turn: 'tookOver',
      executionId: '8fK2wqyT3A',
    })
  })

  it('take the token from who has none, and let the others look', async () => {
    const { page, world } = await open({ withToken: false })
    await page.getByRole('button', { name: 'Clear analysis' }).click()
    const dialog = page.getByRole('dialog', { name: 'This needs the token' })
    await dialog.getByLabel('Token').fill('wrong')
    await dialog.getByRole('button', { name: 'Use it' }).click()
    await dialog.getByText('This is not the token of this demo.').waitFor()
    await dialog.getByLabel('Token').fill('the-token-of-the-tests')
    await dialog.getByRole('button', { name: 'Use it' }).click()
    await dialog.waitFor({ state: 'detached' })
    expect(world.acts).toEqual([])
    await page.getByRole('button', { name: 'Clear analysis' }).click()
    await page.getByText('It is done.').waitFor()
    expect(world.acts).toHaveLength(1)
  })

  it('can be walked through with the tab key in the order in which they are read', async () => {
    const { page } = await open()
    await page
      .getByRole('region', { name: 'Reviews' })
      .getByRole('button', { name: 'Review a range…' })
      .focus()
    const order: string[] = ['Reviews']
    for (let press = 0; press < 60; press += 1) {
      const region = await page.evaluate(
        () => document.activeElement?.closest('section')?.querySelector('h2')?.textContent ?? '',
      )
      if (region !== '' && order.at(-1) !== region) order.push(region)
      await page.keyboard.press('Tab')
    }
    expect(order.slice(0, 4)).toEqual(['Reviews', 'Locks', 'Cache', 'Log'])
  })

  it('say in one line what will be there, before anything has happened', async () => {
    const { page } = await open({ events: [] })
    const said = async (name: string): Promise<string | null> =>
      await page.getByRole('region', { name }).locator('.nothing').textContent()
    expect(await said('Reviews')).toContain('No change has been reviewed yet.')
    expect(await said('Locks')).toContain('They will be here.')
    expect(await said('Cache')).toContain('will be here')
    expect(await said('Log')).toContain('not written anything yet')
  })
})
