/**
 * For `--import`, beside bundles: a source that bundles.ts has bundled is loaded from its bundle. It runs on any Node; one
 * without such hooks loads the sources.
 */
import { readFileSync } from 'node:fs'
import * as module from 'node:module'

const bundles = JSON.parse(readFileSync(new URL('bundles.json', import.meta.url), 'utf8'))

module.registerHooks?.({
  resolve(name, context, next) {
    const resolved = next(name, context)
    const url = bundles[resolved.url]
    return url === undefined ? resolved : { ...resolved, url, format: 'module' }
  },
})
