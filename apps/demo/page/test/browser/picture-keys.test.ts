/** The keys of the picture that need the whole page. */
import { describe, expect, it } from 'vitest'
import { type OpenedPage, useBrowser } from './opened.ts'

/** The name of what the keyboard stands on. */
async function active({ page }: OpenedPage): Promise<string | null> {
  const id = await page.getByRole('application').getAttribute('aria-activedescendant')
  return id === null ? null : await page.locator(`[id="${id}"]`).getAttribute('aria-label')
}

describe('the keys of the picture', () => {
  const open = useBrowser()

  it('go from attempt to attempt of the selected job, stand on it, and stop at its ends', async () => {
    const opened = await open()
    const { page } = opened
    await page
      .getByRole('region', { name: 'Out of the ordinary' })
      .getByRole('button', { name: 'review #142' })
      .first()
      .click()
    const first = /^review #142 on instance-1, cut short at 50 %/
    const second = /^review #142, 2nd attempt, on instance-3: took over from instance-1 at 50 %/
    for (const [key, name] of [
      [']', first],
      [']', second],
      [']', second],
      ['[', first],
    ] as const) {
      await page.keyboard.press(key)
      await expect.poll(() => active(opened)).toMatch(name)
    }
    // The keyboard goes on from there.
    await page.getByRole('application').focus()
    await page.keyboard.press('ArrowLeft')
    await expect.poll(() => active(opened)).not.toMatch(first)
  })

  it('fire a job', async () => {
    const { page, world } = await open()
    await page.keyboard.press('j')
    await expect.poll(() => world.acts).toEqual([{ name: 'fire', input: { times: 15, waiting: 2 } }])
  })
})
