/**
 * `npm run pictures`: plays the stories on the real demo, and takes the pictures of the page that README and docs show.
 * `npm run pictures -- --look <folder>` also takes every part of the page there, in three widths and both themes, to look at.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Browser, startChromium } from '@holdfast/test-support/chromium'
import { type Camera, cameraInto, takeParts } from './camera.ts'
import { startPicturedDemo } from './pictured-demo.ts'
import { WEBHOOK, playLife, playTour, readable } from './plays.ts'
import { makeShop } from './shop.ts'

const TARGET = resolve(import.meta.dirname, '../../../../docs/pictures')
const WIDTHS = [1_280, 768, 360] as const

const { look } = parseArgs({ options: { look: { type: 'string' } } }).values
for (const folder of [TARGET, look]) if (folder !== undefined) await mkdir(folder, { recursive: true })
const looking = look === undefined ? undefined : cameraInto(look)
const camera = cameraInto(TARGET)
const browser = await startChromium()
try {
  await takeTour(browser)
  await takeLife(browser)
} finally {
  await browser.close()
}

async function takeTour(on: Browser): Promise<void> {
  await using demo = await startPicturedDemo(on, ['--sample'])
  const page = await demo.open(1_280)
  if (looking !== undefined) await takeParts(looking, page, 'empty-1280')
  await playTour(page)
  await page.evaluate('scrollTo(0, 0)')
  await camera(page, 'page')
  await camera(page, 'page-review', '#reviews')
  if (looking !== undefined) await lookAt(looking, 'tour', demo.open)
  await page.getByRole('banner').getByRole('button', { name: 'End the tour' }).click()
  const phone = await demo.open(360)
  await phone.getByRole('tab').first().waitFor()
  await camera(phone, 'page-phone')
}

async function takeLife(on: Browser): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'aireview-shop-'))
  try {
    const repo = await makeShop(join(folder, 'shop'))
    await using demo = await startPicturedDemo(on, ['--model-stub', '--repo', repo], {
      AIREVIEW_PACE_MS: '200',
      AIREVIEW_WEBHOOK_SECRET: WEBHOOK.secret,
      AIREVIEW_WEBHOOK_REPOSITORY: WEBHOOK.repository,
      AIREVIEW_CLEAN_UP: '*/10 * * * * *',
      AIREVIEW_KEEP_MS: '45000',
    })
    const page = await demo.open(1_280)
    await playLife({ page, origin: demo.origin, camera: looking ?? (async () => undefined) })
    await camera(page, 'page-life', '#reviews')
    if (looking === undefined) return
    await lookAt(looking, 'life', demo.open)
    await page
      .getByRole('region', { name: 'Clean-up' })
      .getByText(/^\d+ reviews?, /)
      .first()
      .waitFor()
    await looking(page, 'cleaned-clean-ups', '#clean-ups')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Everything that is there now. */
async function lookAt(
  into: Camera,
  name: string,
  open: (width: number) => ReturnType<Browser['newPage']>,
): Promise<void> {
  for (const width of WIDTHS) {
    const page = await open(width)
    await readable(page)
    await takeParts(into, page, `${name}-${width}`)
    await page.close()
  }
}
