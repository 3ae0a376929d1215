import { Test } from '@nestjs/testing'
import { expect, it, onTestFinished } from 'vitest'
import { PaymentsModule } from './readme/payments.ts'

it('does what the page about HTTP says', async () => {
  const module = await Test.createTestingModule({ imports: [PaymentsModule] }).compile()
  const app = module.createNestApplication({ logger: false })
  await app.listen(0, '127.0.0.1')
  onTestFinished(() => app.close())
  const url = `${await app.getUrl()}/payments`
  const headers = {
    'content-type': 'application/json',
    'idempotency-key': 'k-1',
    authorization: 'ada',
    connection: 'close',
  }
  const send = (amount: number) => fetch(url, { method: 'POST', headers, body: JSON.stringify({ amount }) })
  expect(await (await send(5)).json()).toEqual({ id: 'ch_1' })
  const replay = await send(5)
  expect([replay.status, await replay.json()]).toEqual([201, { id: 'ch_1' }])
  expect(replay.headers.get('idempotent-replayed')).toBe('true')
  const other = await send(6)
  expect([other.status, await other.json()]).toMatchObject([422, { code: 'IDEMPOTENCY_KEY_REUSED' }])
})
