import { join } from 'node:path'
import type { Page } from '@holdfast/test-support/chromium'

/** Takes what is in view, or one part of the page, in both themes. */
export type Camera = (page: Page, name: string, what?: string) => Promise<void>

const THEMES = ['light', 'dark'] as const

export function cameraInto(folder: string): Camera {
  return async (page, name, what) => {
    for (const colorScheme of THEMES) {
      await page.emulateMedia({ colorScheme })
      // The canvas is drawn again in the frame after the colours have changed.
      await page.evaluate(
        'document.fonts.ready.then(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))',
      )
      const path = join(folder, `${name}-${colorScheme}.png`)
      if (what === undefined) await page.screenshot({ path })
      else await takePart(page, path, what)
    }
    await page.emulateMedia({ colorScheme: null })
  }
}

/** A long diff says no more than its beginning. */
const MOST_HEIGHT = 1_100

async function takePart(page: Page, path: string, what: string): Promise<void> {
  const box = await page.locator(what).evaluate((element) => {
    // Out of view it is not painted.
    element.scrollIntoView()
    const { x, y, width, height } = element.getBoundingClientRect()
    return { x, y: y + (element.ownerDocument.scrollingElement?.scrollTop ?? 0), width, height }
  })
  const clip = { ...box, height: Math.min(box.height, MOST_HEIGHT) }
  await page.screenshot({ path, clip, fullPage: true })
}

/** The parts of a page, one after the other: out of view they are not painted. */
export async function takeParts(camera: Camera, page: Page, name: string): Promise<void> {
  await page.evaluate('scrollTo(0, 0)')
  await camera(page, `${name}-top`)
  const parts = await page.locator('main section[id]').evaluateAll((found) => found.map(({ id }) => id))
  for (const id of parts) await camera(page, `${name}-${id}`, `#${id}`)
}
