/**
 * For `--import`: here `@holdfast/nest` is a workspace with its own Nest. An app that installs it has one Nest, as these
 * processes do.
 */
import { registerHooks } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const parentURL = pathToFileURL(resolve(import.meta.dirname, '../../../packages/nest/src/index.ts')).href

registerHooks({
  resolve: (name, context, next) =>
    next(name, name.startsWith('@nestjs/') ? { ...context, parentURL } : context),
})
