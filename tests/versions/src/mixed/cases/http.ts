import assert from 'node:assert/strict'
import type { Deploy, MixedCase } from '../deploy.ts'
import type { Order } from '../peer/http.ts'

interface Answer {
  readonly status: number
  readonly replayed: string | null
  readonly location: string | null
  readonly type: string | null
  readonly bytes: Buffer
}

export const httpCases: readonly MixedCase[] = [
  {
    name: 'an answer is replayed byte for byte, and the handler runs once',
    async run(deploy) {
      const { ports, first, second, name } = await listening(deploy)
      const orders: Record<string, Order> = {
        text: {
          status: 201,
          headers: { location: '/orders/1', 'content-type': 'application/json' },
          text: '{"ü":1}',
        },
        bytes: { status: 200, headers: { 'content-type': 'image/png' }, bytes: 'AP/+/QoN' },
        nothing: { status: 204 },
        refused: { status: 422, text: 'no such cart' },
      }
      for (const [title, order] of Object.entries(orders)) {
        const key = name(title)
        const given = await post(ports.first, key, order)
        assert.equal(given.status, order.status)
        assert.deepEqual(
          given.bytes,
          Buffer.from(order.bytes ?? order.text ?? '', order.bytes === undefined ? 'utf8' : 'base64'),
        )
        const replayed = await post(ports.second, key, order)
        assert.deepEqual(replayed, { ...given, replayed: 'true' })
        assert.deepEqual([first.count('handling', key), second.count('handling', key)], [1, 0])
      }
    },
  },
  {
    name: 'a key with another payload is refused',
    async run(deploy) {
      const { ports, second, name } = await listening(deploy)
      const key = name('another payload')
      await post(ports.first, key, { status: 200, text: 'one' })
      const refused = await post(ports.second, key, { status: 200, text: 'other' })
      assert.deepEqual([refused.status, codeOf(refused)], [422, 'IDEMPOTENCY_KEY_REUSED'])
      assert.equal(second.count('handling', key), 0)
    },
  },
  {
    name: 'a request in flight in the one is in progress for the other, which then has its answer',
    async run(deploy) {
      const { ports, first, name } = await listening(deploy)
      const key = name('in flight')
      const order = { status: 200, text: 'done', holds: true }
      const handling = post(ports.first, key, order)
      await first.heard('handling', key)
      const refused = await post(ports.second, key, order)
      assert.deepEqual([refused.status, codeOf(refused)], [409, 'IDEMPOTENCY_IN_PROGRESS'])
      await first.call('go', key)
      const given = await handling
      assert.deepEqual(await post(ports.second, key, order), { ...given, replayed: 'true' })
    },
  },
  {
    name: 'a key whose handler failed in the one is tried again by the other',
    async run(deploy) {
      const { ports, second, name } = await listening(deploy)
      const key = name('failed')
      const order = { status: 500, text: 'out of order' }
      assert.equal((await post(ports.first, key, order)).status, 500)
      assert.equal((await post(ports.second, key, order)).status, 500)
      assert.equal(await second.heard('handling', key), 2)
    },
  },
]

async function listening(
  deploy: Deploy,
): Promise<Deploy & { readonly ports: { first: number; second: number } }> {
  const [first, second] = await Promise.all([deploy.first.call('listen'), deploy.second.call('listen')])
  return { ...deploy, ports: { first, second } }
}

async function post(port: number, key: string, order: Order): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${port}/orders`, {
    method: 'POST',
    headers: { 'idempotency-key': key, 'content-type': 'application/json' },
    body: JSON.stringify(order),
  })
  return {
    status: response.status,
    replayed: response.headers.get('idempotent-replayed'),
    location: response.headers.get('location'),
    type: response.headers.get('content-type'),
    bytes: Buffer.from(await response.arrayBuffer()),
  }
}

function codeOf({ bytes }: Answer): unknown {
  return (JSON.parse(bytes.toString()) as { code?: unknown }).code
}
