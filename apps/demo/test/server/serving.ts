import { createPageServer, type PageServerOptions } from '../../src/server/page-server.ts'
import { createToken } from '../../src/server/token.ts'
import type { Finish } from '../repository.ts'
import { type SmallWorld, openSmallWorld } from './small-world.ts'

export const TOKEN = 'the-token-of-the-tests'

export interface Serving {
  readonly world: SmallWorld
  readonly port: number
  /** `http://127.0.0.1:<port>` */
  readonly origin: string
  readonly close: () => Promise<void>
  /** As the page asks: with the cookie, the header and the origin. */
  readonly act: (
    name: string,
    input?: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Response>
}

/** A server over a small world, for one test. */
export async function serve(
  onTestFinished: Finish,
  options: Partial<PageServerOptions> = {},
  world: SmallWorld = openSmallWorld(),
): Promise<Serving> {
  const server = await createPageServer({
    world,
    token: createToken(TOKEN),
    ...options,
  })
  const port = await server.listen('127.0.0.1', 0)
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => (closing ??= server.close())
  onTestFinished(async () => {
    await close()
    await world.close()
  })
  const origin = `http://127.0.0.1:${port}`
  return {
    world,
    port,
    origin,
    close,
    act: (name, input = {}, headers = {}) =>
      fetch(`${origin}/api/actions/${name}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-aireview': '1',
          cookie: `aireview-${port}=${TOKEN}`,
          origin,
          ...headers,
        },
        body: JSON.stringify(input),
      }),
  }
}
