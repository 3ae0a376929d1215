import type { ServeApp } from '@holdfast/test-http-conformance/targets'
import { type ExpressName, serveExpress } from './express-app.ts'
import { serveNode } from './node-app.ts'

export type AppName = 'node' | ExpressName

export function serveOn(name: AppName): ServeApp {
  return name === 'node' ? serveNode : (storage, callTimeoutMs) => serveExpress(name, storage, callTimeoutMs)
}
