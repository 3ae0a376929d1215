/** The program that asks GitHub for failed deliveries, on a local server that answers as GitHub documents its API. */
import { once } from 'node:events'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { Programs } from './program.ts'

const HOOK = '/repos/acme/shop/hooks/7/deliveries'
const HOUR = 3_600_000

const tried = (id: number, guid: string, status: string, hoursAgo = 1) => ({
  id,
  guid,
  status,
  delivered_at: new Date(Date.now() - hoursAgo * HOUR).toISOString(),
})

it('asks for each event again that no delivery has brought, until it has been tried five times', async () => {
  const pages = [
    [
      tried(90, 'came-later', 'OK'),
      tried(80, 'failed', 'Service Unavailable'),
      tried(70, 'refused', 'Conflict'),
      ...[65, 64, 63, 62, 61].map((id) => tried(id, 'hopeless', 'Internal Server Error')),
    ],
    [
      tried(50, 'came-later', 'Conflict'),
      tried(40, 'failed', 'timed out'),
      tried(30, 'other', 'timed out'),
      tried(20, 'old', 'timed out', 30),
      tried(10, 'other', 'OK', 31),
    ],
  ]
  const asked: string[] = []
  await using github = await serving((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization}`)
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://github')
    if (request.method === 'POST') return response.writeHead(pathname.includes('/70/') ? 422 : 202).end('{}')
    const second = searchParams.has('cursor')
    const next = `<${github.url}${HOOK}?per_page=100&cursor=v1_40>; rel="next", <${github.url}${HOOK}>; rel="first"`
    response.writeHead(200, { 'content-type': 'application/json', link: second ? '' : next })
    return response.end(JSON.stringify(pages[second ? 1 : 0]))
  })
  const settings = { GITHUB_TOKEN: 'token', GITHUB_REPOSITORY: 'acme/shop', GITHUB_HOOK: '7' }
  await using programs = new Programs('redeliver', { ...settings, GITHUB_API: github.url })
  const program = programs.start('webhooks/redeliver.ts')
  expect(await program.ended).toBe(1)
  expect(program.lines.toSorted()).toEqual([
    'given up hopeless Internal Server Error',
    expect.stringMatching(/^not sent again refused GitHub answered 422 to POST /),
    'sent again failed Service Unavailable',
    'sent again other timed out',
  ])
  expect(asked).toEqual([
    `GET ${HOOK}?per_page=100 Bearer token`,
    `GET ${HOOK}?per_page=100&cursor=v1_40 Bearer token`,
    ...[80, 70, 30].map((id) => `POST ${HOOK}/${id}/attempts Bearer token`),
  ])
})

async function serving(answer: (request: IncomingMessage, response: ServerResponse) => unknown) {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
