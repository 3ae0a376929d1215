import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Programs } from './program.ts'

/** An API that counts the calls it has, and refuses those after the first `most`. */
async function startApi(most = Infinity) {
  const seen = { calls: 0, open: 0, mostOpen: 0 }
  const server = createServer(async (request, response) => {
    seen.calls += 1
    if (seen.calls > most) return response.writeHead(429, { 'retry-after': '60' }).end()
    seen.open += 1
    seen.mostOpen = Math.max(seen.mostOpen, seen.open)
    await delay(20)
    seen.open -= 1
    return response.end(String(request.url))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const API = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const stop = async (): Promise<void> => {
    server.closeAllConnections()
    server.close()
  }
  return { API, seen, [Symbol.asyncDispose]: stop }
}

describe.concurrent('three instances that call an API', () => {
  const call = async (programs: Programs) => {
    const instances = ['a', 'b', 'c'].map((name) => programs.start(`rate-limit/calls.ts ${name}`))
    expect(await Promise.all(instances.map(({ ended }) => ended))).toEqual([0, 0, 0])
    const count = (pattern: RegExp) => instances.flatMap((instance) => instance.matches(pattern)).length
    return { located: count(/^located/), refused: count(/^refused No more calls/) }
  }

  it('have no more calls open than there are permits', async () => {
    await using api = await startApi()
    await using programs = new Programs('rate', { API: api.API, PERMITS: '2', CALLS: '8' })
    // No call has a permit now, which the command says with its exit code.
    expect(await programs.commandsOf('rate-limited-api')).toEqual([1])
    expect(await call(programs)).toEqual({ located: 24, refused: 0 })
    expect(api.seen).toEqual({ calls: 24, open: 0, mostOpen: 2 })
  })

  it('make no more calls in a window than the limit', async () => {
    await using api = await startApi()
    await using programs = new Programs('rate', {
      API: api.API,
      LIMIT: '10',
      WINDOW_MS: '600000',
      CALLS: '8',
    })
    const { located, refused } = await call(programs)
    expect(located + refused).toBe(24)
    // Fewer where Redis counted a call, and did not answer in time.
    expect(located).toBeLessThanOrEqual(10)
    expect(api.seen.calls).toBe(located)
  })

  it('all pause when the API has refused one of them', async () => {
    await using api = await startApi(3)
    await using programs = new Programs('rate', { API: api.API, PERMITS: '1', CALLS: '4' })
    const { located, refused } = await call(programs)
    expect({ located, refused }).toEqual({ located: 3, refused: 9 })
    // Not each of the nine has asked.
    expect(api.seen.calls).toBeLessThan(12)
  })
})
