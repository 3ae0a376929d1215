import { memoryStorage } from '@holdfast/core'
import fastify, { type FastifyPluginAsync } from 'fastify'
import { describe, expect, it } from 'vitest'
import { holdfast, holdfastHealth, holdfastState } from '../src/index.ts'

const routes: Readonly<Record<string, readonly [FastifyPluginAsync<never>, object]>> = {
  holdfastState: [holdfastState, { authorize: 'public' }],
  holdfastHealth: [holdfastHealth, {}],
}

describe.for(Object.entries(routes))('%s', ([name, [plugin, options]]) => {
  it('refuses an option that it does not know, by name', async () => {
    const app = fastify()
    await app.register(holdfast, { storage: memoryStorage() })
    const registered = app.register(plugin, { ...options, exposeDatas: true } as never)
    await expect(Promise.resolve(registered)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('exposeDatas') as string,
    })
  })

  it('says that the plugin is missing', async () => {
    const registered = fastify().register(plugin, options as never)
    await expect(Promise.resolve(registered)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(`${name} needs the plugin`) as string,
    })
  })
})
