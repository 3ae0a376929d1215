/**
 * `npm run follow`: a page follows a busy world for half an hour, through the real server and its stream. It prints what the
 * page keeps and how far it is behind, and fails when either grows. `--rate 1000 --minutes 1` is a minute of a very busy one.
 */
import { parseArgs } from 'node:util'
import { startChromium } from '@holdfast/test-support/chromium'
import { buildPage, servePage } from '../story/served-page.ts'
import { openStoryWorld } from '../story/story-world.ts'
import { busyWorld } from './busy-world.ts'
import { faultsOf, type Sample } from './judge.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    /** Events a second. */
    rate: { type: 'string', default: '200' },
  },
})
const [minutes, rate] = [Number(values.minutes), Number(values.rate)]
if (!(minutes > 0 && rate > 0)) throw new Error('--minutes and --rate take numbers above zero.')

const TICK_MS = 50
const SAMPLES = 30

await using built = await buildPage()
const world = openStoryWorld([])
await using served = await servePage(world, built.folder)
const browser = await startChromium()
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
  await page.goto(served.address)
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('HeapProfiler.enable')
  await page.getByText('Nothing has run yet').waitFor()

  const begin = Date.now()
  const end = begin + minutes * 60_000
  const busy = busyWorld(rate, begin)
  let sent = 0
  const telling = setInterval(() => {
    for (const event of busy.until(Date.now())) {
      world.tell(event)
      sent += 1
    }
  }, TICK_MS)

  /** How long it takes until the page's heading counts all starts that have been told up to now. */
  const delay = async (): Promise<number> => {
    const [from, starts] = [performance.now(), busy.starts()]
    await page.waitForFunction(
      (count) => {
        const [, number = '0'] = /^([\d,]+) start/.exec(document.querySelector('h1')?.textContent ?? '') ?? []
        return Number(number.replaceAll(',', '')) >= count
      },
      starts,
      { polling: 50, timeout: 60_000 },
    )
    return performance.now() - from
  }

  const sample = async (): Promise<Sample> => {
    const delayMs = await delay()
    await devtools.send('HeapProfiler.collectGarbage')
    const { usedSize } = await devtools.send('Runtime.getHeapUsage')
    const { nodes, jsEventListeners } = await devtools.send('Memory.getDOMCounters')
    return {
      atMs: Date.now() - begin,
      events: sent,
      delayMs,
      heapBytes: usedSize,
      nodes,
      listeners: jsEventListeners,
      serverBytes: serverHeap(),
    }
  }

  const samples: Sample[] = []
  console.log('minute   events  behind ms  heap MB  DOM nodes  listeners  server MB')
  for (let next = 1; next <= SAMPLES; next += 1) {
    const wait = begin + ((end - begin) * next) / SAMPLES - Date.now()
    await new Promise((done) => setTimeout(done, Math.max(0, wait)))
    const taken = await sample()
    samples.push(taken)
    console.log(lineOf(taken))
  }
  clearInterval(telling)
  const faults = faultsOf(samples)
  for (const fault of faults) console.error(fault)
  if (faults.length === 0) console.log('Neither what is kept nor the delay grows.')
  process.exitCode = faults.length === 0 ? 0 : 1
} finally {
  await browser.close()
}

/** With what nothing refers to any more, unless it was started with `--expose-gc`. */
function serverHeap(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

function lineOf({ atMs, events, delayMs, heapBytes, nodes, listeners, serverBytes }: Sample): string {
  const columns: readonly (readonly [text: string, width: number])[] = [
    [(atMs / 60_000).toFixed(1), 6],
    [String(events), 9],
    [delayMs.toFixed(0), 11],
    [(heapBytes / 1e6).toFixed(1), 9],
    [String(nodes), 11],
    [String(listeners), 11],
    [(serverBytes / 1e6).toFixed(1), 11],
  ]
  return columns.map(([text, width]) => text.padStart(width)).join('')
}
