// Preloaded (`--import`): this process has the oldest BullMQ that is supported in place of the newest.
import { registerHooks } from 'node:module'

registerHooks({
  resolve: (specifier, context, next) => next(specifier === 'bullmq' ? 'bullmq5' : specifier, context),
})
