/** `--import` this: no Redis client is installed. */
import { registerHooks } from 'node:module'

registerHooks({
  resolve(specifier, context, next) {
    if (specifier !== 'ioredis' && specifier !== 'redis') return next(specifier, context)
    throw Object.assign(new Error(`Cannot find package '${specifier}' imported from here`), {
      code: 'ERR_MODULE_NOT_FOUND',
    })
  },
})
