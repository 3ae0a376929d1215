/** `--import` this: no Redis client is installed. */
import { registerHooks } from 'node:module'

registerHooks({
  resolve(specifier, context, next) {
    // A bundle of `npm test` says before the name from where it imports.
    const name = specifier.replace(/^from:.*:/, '')
    if (name !== 'ioredis' && name !== 'redis') return next(specifier, context)
    throw Object.assign(new Error(`Cannot find package '${name}' imported from here`), {
      code: 'ERR_MODULE_NOT_FOUND',
    })
  },
})
