import { type Browser, chromium } from 'playwright-core'
import { findChromium } from './find-chromium.ts'

export type { Browser, BrowserContext, Page } from 'playwright-core'

/**
 * A private Chromium without a window; `close()` ends it, and so does the end of this process.
 *
 * @throws ChromiumNotFoundError
 */
export async function startChromium(): Promise<Browser> {
  const { path, env } = await findChromium()
  return await chromium.launch({
    executablePath: path,
    env: { ...(process.env as Record<string, string>), ...env },
    // Containers and root have no sandbox, and /dev/shm may be small there. It opens our own pages only.
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
    // On a machine that has much else to do, half a minute is short.
    timeout: 240_000,
  })
}
