/** The demo as people start it, and its page in a browser, for pictures. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Browser, Page } from '@holdfast/test-support/chromium'

const MAIN = resolve(import.meta.dirname, '../../src/main.ts')

/** The machine may have other things to do. */
const PATIENCE_MS = 120_000

export interface PicturedDemo extends AsyncDisposable {
  readonly origin: string
  readonly open: (width: number) => Promise<Page>
}

export async function startPicturedDemo(
  browser: Browser,
  options: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Promise<PicturedDemo> {
  const folder = await mkdtemp(join(tmpdir(), 'aireview-pictures-'))
  const demo = spawn(
    process.execPath,
    ['--conditions=@holdfast/source', MAIN, '--no-open', '--port', '0', '--out', folder, ...options],
    { env: { ...process.env, REDIS_URL: '', ...settings }, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const ended = once(demo, 'close')
  const end = async (): Promise<void> => {
    demo.kill('SIGTERM')
    await ended
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const address = await addressIn(createInterface(demo.stdout))
    return {
      origin: new URL(address).origin,
      open: async (width) => await openPage(browser, address, width),
      [Symbol.asyncDispose]: end,
    }
  } catch (error) {
    await end()
    throw error
  }
}

async function addressIn(lines: AsyncIterable<string>): Promise<string> {
  for await (const line of lines) {
    const [address] = /http:\/\/\S+\?token=[\w-]+/.exec(line) ?? []
    if (address !== undefined) return address
  }
  throw new Error('The demo ended before it said where its page is.')
}

async function openPage(browser: Browser, address: string, width: number): Promise<Page> {
  // To the signs below the picture.
  const height = width > 1_000 ? 950 : 868
  const page = await browser.newPage({ viewport: { width, height }, deviceScaleFactor: 1.5 })
  page.setDefaultTimeout(PATIENCE_MS)
  await page.goto(address)
  await page.locator('.row-head', { hasText: 'Database' }).waitFor()
  return page
}
