/** The built page, and a made-up story in the place of a world: for its tests, and to look at it while it is made. */
import { createReadStream, existsSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import type { PageEvent } from '../../../src/events/page-event.ts'
import type { Snapshot, WorldState } from '../../../src/events/snapshot.ts'
import { WORLD } from '../event-maker.ts'
import { RECORD, REVIEW } from './answers.ts'

export interface StoryServer extends AsyncDisposable {
  readonly url: string
  /** Sends these to every page that listens. */
  readonly send: (events: readonly PageEvent[]) => void
  /** Breaks every stream, and refuses new ones until `mend`. */
  readonly breakStreams: () => void
  readonly mend: () => void
  /** What pages have asked for, oldest first. */
  readonly acts: readonly {
    readonly name: string
    readonly input: unknown
    readonly header: string | undefined
  }[]
  readonly listeners: () => number
}

export interface StoryOptions {
  /** Where the page was built. */
  readonly directory: string
  readonly events: readonly PageEvent[]
  readonly now?: number
  readonly world?: Partial<WorldState>
  readonly mayAct?: boolean
  readonly port?: number
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

/** As strict as the demo's: what is inline fails here, too. */
const POLICY = "default-src 'self'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none'"

export async function serveStory(options: StoryOptions): Promise<StoryServer> {
  const { directory, events, now = Date.now(), world = {}, mayAct = true, port = 0 } = options
  const streams = new Set<ServerResponse>()
  const acts: { name: string; input: unknown; header: string | undefined }[] = []
  let isBroken = false
  const snapshot: Snapshot = {
    run: 'story',
    seq: events.at(-1)?.seq ?? 0,
    now,
    world: { ...WORLD, ...world },
    events,
  }

  const stream = (response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.write('retry: 1000\n\n')
    response.write(`event: snapshot\nid: story.${snapshot.seq}\ndata: ${JSON.stringify(snapshot)}\n\n`)
    streams.add(response)
    response.once('close', () => streams.delete(response))
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const json = (body: unknown, status = 200): void => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(body))
    }
    if (pathname === '/api/events') {
      if (isBroken) response.destroy()
      else stream(response)
    } else if (pathname === '/api/me') json({ mayAct })
    else if (pathname === '/api/record') json(RECORD)
    else if (pathname.startsWith('/api/reviews/')) json(REVIEW)
    else if (pathname.startsWith('/api/actions/')) {
      const chunks = await request.toArray()
      const text = Buffer.concat(chunks as Buffer[]).toString()
      const header = request.headers['x-aireview']
      acts.push({
        name: pathname.slice('/api/actions/'.length),
        input: JSON.parse(text),
        header: String(header),
      })
      if (mayAct) json({ ok: true, message: 'Done.' })
      else json({ ok: false, message: 'This needs the token that the terminal shows.' }, 401)
    } else {
      const file = join(directory, normalize(pathname === '/' ? 'index.html' : pathname))
      if (!existsSync(file)) {
        json({ ok: false, message: 'There is no such file.' }, 404)
        return
      }
      response.writeHead(200, {
        'content-type': TYPES[extname(file)] ?? 'text/plain',
        'content-security-policy': POLICY,
      })
      createReadStream(file).pipe(response)
    }
  }

  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    acts,
    listeners: () => streams.size,
    send: (news) => {
      const id = `story.${news.at(-1)?.seq ?? 0}`
      for (const each of streams) each.write(`id: ${id}\ndata: ${JSON.stringify(news)}\n\n`)
    },
    breakStreams: () => {
      isBroken = true
      for (const each of streams) each.destroy()
    },
    mend: () => {
      isBroken = false
    },
    [Symbol.asyncDispose]: async () => {
      for (const each of streams) each.destroy()
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}
