// Preloaded (`--import`): this process has the oldest BullMQ that is supported in place of the newest.
import { registerHooks } from 'node:module'

registerHooks({
  // A bundle of `npm test` says before the name from where it imports.
  resolve: (specifier, context, next) => next(specifier.replace(/^(from:.*:)?bullmq$/, '$1bullmq5'), context),
})
