/** A server that serves a little of the contract, rightly or wrongly. As a program: `tiny-app.ts`, with `PORT`. */
import { once } from 'node:events'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pathToFileURL } from 'node:url'
import { type Instance, askWitness } from '@holdfast/test-http-conformance'

export interface TinyApp extends Instance {
  /** Requests that have no answer yet. */
  readonly open: number
}

/** `/wait` never answers, `/other` ends the process, `/one` runs for each duplicate; any other route runs once a key. */
export async function tinyApp(port = 0): Promise<TinyApp> {
  const answers = new Map<string, { status: number; body: string }>()
  const open = new Set<ServerResponse>()
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    open.add(response)
    response.once('close', () => open.delete(response))
    const { url = '', headers } = request
    if (url === '/wait') return
    if (url === '/other') process.exit(1)
    const key = url.startsWith('/charge/') ? '' : String(headers['idempotency-key'] ?? '')
    const known = answers.get(key)
    const instruction = known === undefined ? await askWitness(headers) : undefined
    const made =
      instruction?.kind === 'json'
        ? { status: instruction.status, body: JSON.stringify(instruction.json) }
        : { status: 500, body: '' }
    const { status, body } = known ?? made
    if (key !== '') answers.set(key, { status, body })
    response.writeHead(status).end(body)
  }
  // A handler that the runner has disconnected sends no answer.
  const server = createServer((request, response) => void serve(request, response).catch(() => undefined))
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get open() {
      return open.size
    },
    async close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await tinyApp(Number(process.env['PORT']))
}
