/**
 * For `--import`, beside bundles: what bundles.ts has bundled is loaded from its bundle, and what a bundle imports from
 * `from:<workspace>:<name>` is the name as the sources of that workspace find it. It runs on any Node; one without such hooks
 * loads the sources.
 */
import { readFileSync } from 'node:fs'
import * as module from 'node:module'

const { root, bundles } = JSON.parse(readFileSync(new URL('bundles.json', import.meta.url), 'utf8'))

module.registerHooks?.({
  resolve(name, context, next) {
    const [, folder, wanted] = /^from:([^:]*):(.*)$/.exec(name) ?? []
    const resolved =
      wanted === undefined
        ? next(name, context)
        : next(wanted, { ...context, parentURL: new URL(`${folder}/package.json`, root).href })
    const url = bundles[resolved.url]
    return url === undefined
      ? resolved
      : { ...resolved, url, format: url.endsWith('.cjs') ? 'commonjs' : 'module' }
  },
})
