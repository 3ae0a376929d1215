import type { INestApplication } from '@nestjs/common'
import { askWatchdog } from '@holdfast/test-http-conformance'

interface WatchedRequest {
  readonly url?: string | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

interface Answering {
  status(code: number): { send(text: string): unknown }
}

/** Where Fastify takes it; Express takes a middleware. */
interface Hooked {
  addHook(name: 'onRequest', hook: (request: WatchedRequest, response: Answering) => Promise<void>): unknown
}

/** Has requests answered by a watchdog that name one; that of `/timed` is an interceptor. */
export function addWatchdog(app: INestApplication): void {
  const watch = ({ url, headers }: WatchedRequest, response: Answering): void => {
    if (url === '/timed') return
    void askWatchdog(headers)?.then(({ status, text }) => response.status(status).send(text))
  }
  const adapter = app.getHttpAdapter()
  if (adapter.getType() === 'fastify') {
    const instance = adapter.getInstance() as Hooked
    instance.addHook('onRequest', async (request, response) => watch(request, response))
  } else {
    app.use((request: WatchedRequest, response: Answering, next: () => void) => {
      watch(request, response)
      next()
    })
  }
}
