import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Service, StartJob } from '../../instances/service/service.ts'
import { answer } from '../../instances/service/answer.ts'

const PATH = /^\/reviews\/([^/]+)\/jobs\/([^/]+)$/

/** The service without a framework, for a version of which no adapter of one is kept. */
export async function openPlainService(start: StartJob): Promise<Service> {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
    const [, id = '', type = ''] = PATH.exec(pathname) ?? []
    const query = (name: string): string | undefined => searchParams.get(name) ?? undefined
    const asked = { id: decodeURIComponent(id), type, wait: query('wait'), at: query('at') }
    void answer(start, asked).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
