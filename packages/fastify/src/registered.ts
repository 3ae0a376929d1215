import { type Holdfast, InvalidArgumentError } from '@holdfast/core'
import type { FastifyInstance } from 'fastify'

/** What Fastify itself takes of the options of each plugin. */
export const OPTIONS_OF_FASTIFY = ['prefix', 'logLevel', 'logSerializers'] as const

/** The instance of the plugin that is registered here or above. @throws InvalidArgumentError when there is none */
export function registeredHoldfast(app: FastifyInstance, plugin: string): Holdfast {
  if (app.hasDecorator('holdfast')) return app.holdfast
  throw new InvalidArgumentError(
    `${plugin} needs the plugin: await app.register(holdfast, { storage }) before it, here or above.`,
  )
}
