/** `node --conditions=@holdfast/source test/story/screenshots.ts <folder> [width…]`: pictures of the story, to look at. */
import { startChromium } from '@holdfast/test-support/chromium'
import { buildPage, servePage } from './served-page.ts'
import { openStoryWorld } from './story-world.ts'

const [folder = '.', ...widths] = process.argv.slice(2)
await using built = await buildPage()
const browser = await startChromium()
for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of widths.length === 0 ? [1280, 768, 360] : widths.map(Number)) {
    await using served = await servePage(openStoryWorld(), built.folder)
    const page = await browser.newPage({
      viewport: { width, height: 900 },
      colorScheme,
      deviceScaleFactor: 2,
    })
    page.on('console', (message) => process.stdout.write(`${message.type()}: ${message.text()}\n`))
    page.on('pageerror', (error) => process.stdout.write(`${error.stack ?? error.message}\n`))
    await page.goto(`${served.address}#job=ai-review:r142`)
    await page.locator('.diff .keyword').first().waitFor()
    await page.evaluate(() => document.fonts.ready)
    await page.screenshot({ path: `${folder}/page-${width}-${colorScheme}.png`, fullPage: true })
    await page.locator('#instances').screenshot({ path: `${folder}/picture-${width}-${colorScheme}.png` })
    await page.close()
  }
}
await browser.close()
