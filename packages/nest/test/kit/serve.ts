import type { ServeApp } from '@holdfast/test-http-conformance/targets'
import { kitApp } from './kit-app.ts'
import { type PlatformName, platforms } from './platforms.ts'

export function serveOn(platform: PlatformName): ServeApp {
  return async (storage, callTimeoutMs) => {
    const app = await kitApp(platforms[platform], storage, callTimeoutMs)
    await app.listen(0, '127.0.0.1')
    return { url: await app.getUrl(), close: () => app.close() }
  }
}
