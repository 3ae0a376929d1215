/** `npm run pictures`: plays the stories on the real demo, and takes the pictures of the page that README and docs show. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { type Page, startChromium } from '@holdfast/test-support/chromium'

const TARGET = resolve(import.meta.dirname, '../../../../docs/pictures')
const MAIN = resolve(import.meta.dirname, '../../src/main.ts')

/** The machine may have other things to do. */
const PATIENCE_MS = 120_000

await mkdir(TARGET, { recursive: true })
const folder = await mkdtemp(join(tmpdir(), 'aireview-pictures-'))
const demo = spawn(
  process.execPath,
  ['--conditions=@holdfast/source', MAIN, '--no-open', '--port', '0', '--sample', '--out', folder],
  { env: { ...process.env, REDIS_URL: '' }, stdio: ['ignore', 'pipe', 'inherit'] },
)
const ended = once(demo, 'close')
const browser = await startChromium()
try {
  const address = await addressOf()
  const page = await open(address, 1280)
  await play(page)
  await take(page, 'page')
  await take(page, 'page-review', '#reviews')
  await page.getByRole('banner').getByRole('button', { name: 'End the tour' }).click()
  const phone = await open(address, 360)
  await phone.locator('.diff .keyword').first().waitFor()
  await take(phone, 'page-phone')
} finally {
  await browser.close()
  demo.kill('SIGTERM')
  await ended
  await rm(folder, { recursive: true, force: true })
}

async function addressOf(): Promise<string> {
  for await (const line of createInterface(demo.stdout)) {
    const [address] = /http:\/\/\S+\?token=[\w-]+/.exec(line) ?? []
    if (address !== undefined) return address
  }
  throw new Error('The demo ended before it said where its page is.')
}

async function open(address: string, width: number): Promise<Page> {
  // To the signs below the picture.
  const height = width > 1_000 ? 950 : 868
  const page = await browser.newPage({ viewport: { width, height }, deviceScaleFactor: 1.5 })
  page.setDefaultTimeout(PATIENCE_MS)
  await page.goto(address)
  await page.locator('.row-head', { hasText: 'Database' }).waitFor()
  return page
}

/** The tour up to the late write that is refused, and the starts of its first step without Holdfast. */
async function play(page: Page): Promise<void> {
  await page.getByRole('banner').getByRole('button', { name: 'Start the tour' }).click()
  const card = page.locator('.tour')
  for (const step of [1, 2, 3]) {
    await card.getByText(`Step ${step} of 5`).waitFor()
    await card.locator('.after, .missed').waitFor()
    if (step < 3) await card.getByRole('button', { name: 'Next' }).click()
  }
  await page.getByRole('img', { name: /^The same starts without Holdfast/ }).waitFor()
  await page.locator('.diff .keyword').first().waitFor()
}

async function take(page: Page, name: string, what?: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    // The canvas is drawn again in the frame after the colours have changed.
    await page.evaluate(
      'document.fonts.ready.then(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))',
    )
    const path = join(TARGET, `${name}-${colorScheme}.png`)
    await (what === undefined ? page.screenshot({ path }) : page.locator(what).screenshot({ path }))
  }
}
