/** `node --conditions=@holdfast/source test/replay/screenshots.ts <folder> [width…]`: pictures of the story, to look at. */
import { resolve } from 'node:path'
import { startChromium } from '@holdfast/test-support/chromium'
import { serveStory } from './server.ts'
import { STORY_SECONDS, story } from './story.ts'

const [folder = '.', ...widths] = process.argv.slice(2)
const now = Date.now()
await using server = await serveStory({
  directory: resolve(import.meta.dirname, '../../../dist/page'),
  events: story(now - STORY_SECONDS * 1_000),
  now,
})
const browser = await startChromium()
for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of widths.length === 0 ? [1280, 768, 360] : widths.map(Number)) {
    const page = await browser.newPage({
      viewport: { width, height: 900 },
      colorScheme,
      deviceScaleFactor: 2,
    })
    page.on('console', (message) => process.stdout.write(`${message.type()}: ${message.text()}\n`))
    page.on('pageerror', (error) => process.stdout.write(`${error.stack ?? error.message}\n`))
    await page.goto(`${server.url}#job=ai-review:r142`)
    await page.getByText('instance-3').first().waitFor()
    await page.evaluate(() => document.fonts.ready)
    await page.screenshot({ path: `${folder}/page-${width}-${colorScheme}.png`, fullPage: true })
    await page.locator('#instances').screenshot({ path: `${folder}/picture-${width}-${colorScheme}.png` })
    await page.close()
  }
}
await browser.close()
