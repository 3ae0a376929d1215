/** The demo as people start it, and its page in a real browser. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Browser,
  type BrowserContext,
  ChromiumNotFoundError,
  type Page,
  startChromium,
} from '@holdfast/test-support/chromium'
import { type TestContext, afterAll, beforeAll, beforeEach } from 'vitest'
import { type Run, startDemo } from '../demo-run.ts'
import { type Evidence, openEvidence } from '../tour/evidence.ts'

const isWanted = process.env['WITH_BROWSER'] !== undefined
const NOT_WANTED = '`npm run test:browser` runs what takes a browser and some minutes'

/** For what hangs; what merely takes long, on a machine that has much else to do, is no failure. */
const PATIENCE_MS = 120_000

export interface View {
  readonly width?: number
  readonly colorScheme?: 'light' | 'dark'
  /** Without it one can look, and change nothing. */
  readonly withToken?: boolean
  /** What stands between the browser and the server. */
  readonly origin?: string
  /** Runs in the page before anything of it does. */
  readonly script?: string
}

export interface ShownPage {
  readonly page: Page
  readonly context: BrowserContext
  /** What the page said to the console as an error, what its policy forbade, and what it could not load. */
  readonly faults: readonly string[]
}

export interface ShownDemo {
  readonly run: Run
  readonly origin: string
  readonly token: string
  readonly evidence: Evidence
  /** In a browser that knows nothing yet, until it is live. */
  readonly open: (view?: View) => Promise<ShownPage>
}

export type Show = (
  context: Pick<TestContext, 'onTestFinished' | 'skip'>,
  environment?: NodeJS.ProcessEnv,
) => Promise<ShownDemo>

/**
 * For the tests of one file: one browser, and for each test a demo that reviews the sample.
 *
 * @param always also in `npm test`, where the others are skipped
 */
export function useShownDemo(always?: 'always'): Show {
  const isSkipped = always === undefined && !isWanted
  let browser: Browser | undefined
  let missing = ''
  beforeEach(({ skip }) => skip(isSkipped, NOT_WANTED))
  beforeAll(async () => {
    if (isSkipped) return
    try {
      browser = await startChromium()
    } catch (error) {
      if (!(error instanceof ChromiumNotFoundError)) throw error
      missing = error.message
    }
  })
  afterAll(async () => await browser?.close())

  return async ({ onTestFinished, skip }, environment = {}) => {
    if (browser === undefined) return skip(missing)
    const opened = browser
    const folder = await mkdtemp(join(tmpdir(), 'aireview-shown-'))
    onTestFinished(async () => await rm(folder, { recursive: true, force: true }))
    const run = startDemo(['--no-open', '--port', '0', '--sample', '--out', folder], onTestFinished, {
      // Its own Redis, for only such a one can be stopped.
      env: { REDIS_URL: '', AIREVIEW_PACE_MS: '300', ...environment },
    })
    onTestFinished(async () => {
      run.child.kill('SIGTERM')
      await run.exited
    })
    await run.until(/\?token=[\w-]+\s/)
    const [, origin = '', token = ''] = /(http:\/\/\S+)\/\?token=([\w-]+)/.exec(run.output()) ?? []
    return {
      run,
      origin,
      token,
      evidence: openEvidence(folder, onTestFinished),
      open: async (view = {}) => await openPage(opened, onTestFinished, { origin, ...view }, token),
    }
  }
}

async function openPage(
  browser: Browser,
  onTestFinished: TestContext['onTestFinished'],
  { width = 1280, colorScheme = 'light', withToken = true, origin = '', script }: View,
  token: string,
): Promise<ShownPage> {
  // A picture that moves all the time takes the processor that the demo needs.
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme,
    reducedMotion: 'reduce',
  })
  onTestFinished(async () => await context.close())
  if (script !== undefined) await context.addInitScript(script)
  context.setDefaultTimeout(PATIENCE_MS)
  const page = await context.newPage()
  const faults: string[] = []
  page.on('console', (message) => {
    // What the policy of the page forbids is one of these.
    if (message.type() === 'error') faults.push(message.text())
  })
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`${response.url()}: ${response.status()}`)
  })
  await page.goto(withToken ? `${origin}/?token=${token}` : origin)
  await untilLive(page)
  return { page, context, faults }
}

export async function untilLive(page: Page): Promise<void> {
  // On a phone it says so only when it is not.
  await page.locator('.status').getByText('Live', { exact: true }).waitFor({ state: 'attached' })
  await page.locator('.row-head', { hasText: 'Database' }).waitFor()
}
