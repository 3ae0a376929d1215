import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, type Page, startChromium } from '@holdfast/test-support/chromium'
import type axe from 'axe-core'
import { afterAll, beforeAll, beforeEach, onTestFinished } from 'vitest'
import type { WorldEvent } from '../../../src/live/world.ts'
import { type BuiltPage, buildPage, servePage } from '../story/served-page.ts'
import { STORY_SECONDS, story } from '../story/story.ts'
import { type StoryWorld, openStoryWorld } from '../story/story-world.ts'

/** They take a browser and some time: `npm run test:browser`. */
const isWanted = process.env['WITH_BROWSER'] !== undefined
const NOT_WANTED = '`npm run test:browser` runs what takes a browser and some minutes'

/** For what hangs; what merely takes long, on a machine that has much else to do, is no failure. */
const PATIENCE_MS = 120_000

export interface View {
  readonly width?: number
  readonly scheme?: 'light' | 'dark'
  readonly withToken?: boolean
  /** What has happened; without it the whole story. */
  readonly events?: readonly WorldEvent[]
}

export interface OpenedPage {
  readonly page: Page
  readonly world: StoryWorld
  /** What the page said to the console, and what it could not load. */
  readonly faults: readonly string[]
}

export type Open = (view?: View) => Promise<OpenedPage>

/** For the tests of one file: the page as it is published, and one browser. Each test opens it over a new world. */
export function useBrowser(): Open {
  let built: BuiltPage
  let browser: Browser
  beforeEach(({ skip }) => skip(!isWanted, NOT_WANTED))
  beforeAll(async () => {
    if (!isWanted) return
    built = await buildPage()
    browser = await startChromium()
  })
  afterAll(async () => {
    await browser?.close()
    await built?.[Symbol.asyncDispose]()
  })

  return async ({
    width = 1280,
    scheme = 'light',
    withToken = true,
    events = story(Date.now() - STORY_SECONDS * 1_000),
  } = {}) => {
    const world = openStoryWorld(events)
    const served = await servePage(world, built.folder)
    onTestFinished(async () => await served[Symbol.asyncDispose]())
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme })
    onTestFinished(async () => await context.close())
    context.setDefaultTimeout(PATIENCE_MS)
    const page = await context.newPage()
    const faults: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text())
    })
    page.on('pageerror', (error) => faults.push(error.message))
    await page.goto(withToken ? served.address : served.addressWithoutToken)
    // The colours of the code come last.
    await page
      .locator(events.length === 0 ? '.reviews .nothing' : '.diff .keyword')
      .first()
      .waitFor()
    return { page, world, faults }
  }
}

/** What axe finds, by rule and element; of the findings only those that stop a visitor. */
export async function seriousFindings(page: Page): Promise<readonly string[]> {
  // Not as a script of the page: its policy allows none but its own.
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'))
  return await page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run()
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`))
  })
}
