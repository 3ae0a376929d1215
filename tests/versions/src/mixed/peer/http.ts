import { type IncomingMessage, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Holdfast } from '@holdfast/core'
import { currentIdempotency, idempotent } from '@holdfast/http'
import { holding, say } from './said.ts'

/** What the test asks the handler to answer, as the body of its request. */
export interface Order {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly text?: string
  /** Instead of a text, in base64. */
  readonly bytes?: string
  /** Until the test says `go`. */
  readonly holds?: boolean
}

type Request = IncomingMessage & { body?: Buffer }

export function httpOperations(holdfast: Holdfast) {
  return {
    /** Listens, and answers with its port. */
    async listen(): Promise<number> {
      const handler = idempotent<Request>(
        { holdfast, route: '/orders', scope: 'global' },
        async (request, response) => {
          const { status, headers = {}, text, bytes, holds } = JSON.parse(String(request.body)) as Order
          const { key = '', execution } = currentIdempotency() ?? {}
          say('handling', key, execution?.attempt)
          if (holds) await holding(key)
          response.writeHead(status, headers).end(bytes === undefined ? text : Buffer.from(bytes, 'base64'))
        },
      )
      const server = createServer((request: Request, response) => {
        buffer(request)
          .then(async (body) => {
            request.body = body
            await handler(request, response)
          })
          .catch(() => response.destroy())
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return (server.address() as AddressInfo).port
    },
  }
}
