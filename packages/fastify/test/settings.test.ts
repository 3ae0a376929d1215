import { memoryStorage } from '@holdfast/core'
import fastify from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { holdfast, holdfastHealth, holdfastState } from '../src/index.ts'

/** Wrong options keep an app from starting, by name. */

const start = async (
  options: object,
  idempotency: unknown = true,
  state: object = {},
  health: object = {},
) => {
  const app = fastify()
  onTestFinished(() => app.close())
  await app.register(holdfast, { storage: memoryStorage(), http: { scope: 'global' }, ...options } as never)
  app.post('/', { config: { idempotency } as never }, async () => 'made')
  await app.register(holdfastState, { authorize: 'public', ...state })
  await app.register(holdfastHealth, health)
  await app.ready()
}

test.each<[RegExp, object]>([
  [/^graceMs must/, { graceMs: 'x' }],
  [/^graceMs must/, { graceMs: 2 ** 31 }],
  [/^logConnection must/, { logConnection: 'no' }],
  [/^holdfast must/, { holdfast: undefined }],
  [/^holdfast must/, { holdfast: {} }],
  [/^closeHoldfast must/, { holdfast: { health: () => undefined }, closeHoldfast: 'yes' }],
  [/^key must/, { http: { scope: 'global', key: null } }],
  [/^fingerprint must/, { http: { scope: 'global', fingerprint: null } }],
  [/^wait must/, { http: { scope: 'global', wait: null } }],
  [/^wait must/, { http: { scope: 'global', wait: 5 } }],
  [/^problems must/, { http: { scope: 'global', problems: 'x' } }],
])('%s', async (message, options) => {
  await expect(start(options)).rejects.toThrow(message)
})

test.each<[unknown]>([['yes'], [1], [[]], [() => true]])(
  'a config that is neither true nor options: %s',
  async (config) => {
    await expect(start({}, config)).rejects.toThrow('config.idempotency of / must be')
  },
)

test('what a text would let through', async () => {
  await expect(start({}, true, { exposeData: 'false' })).rejects.toThrow('exposeData must')
  await expect(start({}, true, {}, { exposeDetails: 'false' })).rejects.toThrow('exposeDetails must')
})
