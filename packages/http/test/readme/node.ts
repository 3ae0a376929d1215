// #region server
import { type IncomingMessage, createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { createHoldfast, memoryStorage } from '@holdfast/core'
import { idempotent } from '@holdfast/http'

const holdfast = createHoldfast({ storage: memoryStorage() })

type Request = IncomingMessage & { body?: Buffer }

const orders = idempotent(
  { holdfast, route: '/orders', scope: (request: Request) => authenticate(request) },
  async (request, response) => {
    const { cart } = JSON.parse(String(request.body)) as { cart: string }
    response.writeHead(201, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ cart }))
  },
)

const server = createServer(async (request: Request, response) => {
  try {
    request.body = await buffer(request) // bytes of JSON are compared as JSON
    await orders(request, response)
  } catch (error) {
    console.error(error) // the client has its 500 already
  }
})
// #endregion

// #region shutdown
export async function shutDown(): Promise<void> {
  server.close()
  await orders.drained() // what runs and is recorded for clients that are gone, too
  await holdfast.close({ graceMs: 10_000 })
}
// #endregion

function authenticate({ headers }: IncomingMessage): string {
  return headers.authorization ?? 'nobody'
}

export { server }
