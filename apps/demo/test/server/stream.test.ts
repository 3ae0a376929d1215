import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { describe, it } from 'vitest'
import type { PageEvent } from '../../src/events/page-event.ts'
import type { Snapshot } from '../../src/events/snapshot.ts'
import type { WorldEvent } from '../../src/live/world.ts'
import { createEventStream } from '../../src/server/event-stream.ts'
import { createFeed } from '../../src/server/feed.ts'
import { type Message, openSource } from './event-source.ts'
import { serve } from './serving.ts'
import { STATE } from './small-world.ts'

const line = (message: string): WorldEvent => ({
  at: performance.timeOrigin + performance.now(),
  source: 'instance-1',
  type: 'log',
  instance: 'instance-1',
  level: 'info',
  message,
  executionId: null,
  jobType: null,
  jobKey: null,
})

const snapshotOf = ({ event, data }: Message): Snapshot => {
  if (event !== 'snapshot') throw new Error(`This is no snapshot but ${event}.`)
  return data as Snapshot
}
const eventsOf = ({ data }: Message): readonly PageEvent[] => data as readonly PageEvent[]
const textsOf = (events: readonly PageEvent[]): readonly string[] =>
  events.flatMap((event) => (event.type === 'log' ? [event.message] : []))

describe.concurrent('the stream of events', () => {
  it('begins with a snapshot, and goes on with what happens', async ({ expect, onTestFinished }) => {
    const { origin, act, world } = await serve(onTestFinished)
    world.tell(line('before'))
    const page = await openSource(`${origin}/api/events`, onTestFinished)
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    const first = await page.next()
    const { run, seq, world: state, events } = snapshotOf(first)
    expect({ seq, id: first.id }).toEqual({ seq: 1, id: `${run}.1` })
    expect(textsOf(events)).toEqual(['before'])
    expect(state).toEqual(STATE)

    expect((await act('fire', { times: 2, waiting: 0 })).status).toBe(200)
    const happened: PageEvent[] = []
    const ofStory = (): readonly PageEvent[] => happened.filter(({ type }) => type !== 'sums')
    while (ofStory().length < 8) {
      const message = await page.next()
      happened.push(...eventsOf(message))
      expect(message).toMatchObject({ event: 'message', id: `${run}.${happened.at(-1)?.seq}` })
    }
    expect(happened.map((event) => event.seq)).toEqual(happened.map((_, index) => index + 2))
    expect(ofStory()).toHaveLength(8)
    expect(happened.filter(({ type }) => type === 'row')).toHaveLength(2)
    expect(happened.filter(({ type }) => type.startsWith('chapter.'))).toHaveLength(2)
    expect(happened.flatMap((event) => (event.type === 'call.answered' ? [event.outcome] : []))).toEqual([
      'turnedAway',
      'ran',
    ])
  })

  it('sends events of one moment in one message', async ({ expect, onTestFinished }) => {
    const { origin, world } = await serve(onTestFinished)
    const page = await openSource(`${origin}/api/events`, onTestFinished)
    await page.next()
    const texts = Array.from({ length: 300 }, (_, index) => `line ${index}`)
    for (const text of texts) world.tell(line(text))
    expect(textsOf(eventsOf(await page.next()))).toEqual(texts)
  })

  it('tells a page that comes back what it missed, and nothing else', async ({ expect, onTestFinished }) => {
    const { origin, world } = await serve(onTestFinished)
    const before = await openSource(`${origin}/api/events`, onTestFinished)
    world.tell(line('seen'))
    const { id } = await before.until(({ event }) => event === 'message')
    before.close()
    world.tell(line('missed'))
    const byHeader = await openSource(`${origin}/api/events`, onTestFinished, { 'last-event-id': id })
    expect(textsOf(eventsOf(await byHeader.next()))).toEqual(['missed'])
    const byAddress = await openSource(`${origin}/api/events?after=${id}`, onTestFinished)
    expect(textsOf(eventsOf(await byAddress.next()))).toEqual(['missed'])
    world.tell(line('new'))
    expect(textsOf(eventsOf(await byHeader.next()))).toEqual(['new'])
    expect(textsOf(eventsOf(await byAddress.next()))).toEqual(['new'])
  })

  it.for(['other-run.1', 'nonsense', ''])('gives a snapshot to one that says "%s"', async (id, context) => {
    const { expect, onTestFinished } = context
    const { origin, world } = await serve(onTestFinished)
    world.tell(line('one'))
    const page = await openSource(`${origin}/api/events`, onTestFinished, { 'last-event-id': id })
    expect(textsOf(snapshotOf(await page.next()).events)).toEqual(['one'])
  })

  it('gives a snapshot to one that missed more than is kept, or claims more than has been', async (context) => {
    const { expect, onTestFinished } = context
    const { origin, world } = await serve(onTestFinished)
    const first = await openSource(`${origin}/api/events`, onTestFinished)
    const { run } = snapshotOf(await first.next())
    for (let index = 0; index < 20_001; index += 1) world.tell(line(`line ${index}`))
    for (const place of [0, 20_002]) {
      const page = await openSource(`${origin}/api/events`, onTestFinished, {
        'last-event-id': `${run}.${place}`,
      })
      const message = await page.next()
      expect(snapshotOf(message).seq).toBe(20_001)
      expect(Buffer.byteLength(JSON.stringify(message.data))).toBeLessThan(300_000)
    }
    const page = await openSource(`${origin}/api/events`, onTestFinished, { 'last-event-id': `${run}.1` })
    const { event, data } = await page.next()
    expect([event, (data as readonly PageEvent[])[0]?.seq]).toEqual(['message', 2])
  })

  it('keeps little for a page that reads slowly, and goes on with it where it stopped', async (context) => {
    const { expect, onTestFinished } = context
    const feed = createFeed(() => STATE, 2_000)
    const stream = createEventStream(feed)
    let waiting = (): number => 0
    const server = createServer((_request, response) => {
      waiting = () => response.writableLength
      stream.attach(response, undefined)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const slow = connect(port, '127.0.0.1')
    onTestFinished(() => {
      slow.destroy()
      stream.close()
      server.close()
    })
    slow.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    await once(slow, 'readable')

    const fast = await openSource(`http://127.0.0.1:${port}/`, onTestFinished)
    const ofSlow = waiting
    await fast.next()
    // Sixty megabytes, of which the machine's own buffers take a few.
    const rounds = 30
    for (let round = 1; round <= rounds; round += 1) {
      for (let index = 0; index < 1_000; index += 1) feed.publish(line('x'.repeat(2_000)))
      await fast.until(({ id }) => id === `${feed.run}.${round * 1_000}`)
      expect(ofSlow()).toBeLessThan(4_000_000)
    }
    expect(stream.readers()).toBe(2)

    let text = ''
    const caughtUp = new Promise<void>((resolve) => {
      slow.setEncoding('utf8').on('data', (chunk: string) => {
        text = (text + chunk).slice(-4_000_000)
        if (text.includes(`id: ${feed.run}.${rounds * 1_000}\n`)) resolve()
      })
    })
    await caughtUp
    // What it missed is no longer kept.
    expect(text).toContain('event: snapshot')
  })

  it('serves several pages, and lets each go', async ({ expect, onTestFinished }) => {
    const { origin, world } = await serve(onTestFinished)
    const pages = await Promise.all(
      Array.from({ length: 5 }, () => openSource(`${origin}/api/events`, onTestFinished)),
    )
    for (const page of pages) await page.next()
    world.tell(line('for all'))
    for (const page of pages) expect(textsOf(eventsOf(await page.next()))).toEqual(['for all'])
    const shown = async (): Promise<string> => await (await fetch(`${origin}/metrics`)).text()
    expect(await shown()).toContain('aireview_pages 5')
    for (const page of pages.slice(1)) page.close()
    await expect.poll(shown).toContain('aireview_pages 1')
  })
})
