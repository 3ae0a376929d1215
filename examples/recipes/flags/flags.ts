// #region flags
import { close, holdfast } from '../holdfast.ts'
import { type Flags, selectFlags, updateFlag } from './table.ts'

/** Every request reads them and an operator changes them: this namespace keeps copies in the process, which all share. */
const flags = holdfast.cache.namespace('flags', { near: true, copy: false })

async function isOn(tenant: string, flag: string): Promise<boolean> {
  const of =
    flags.peek<Flags>(tenant) ??
    (await flags.getOrCreate(tenant, () => selectFlags(tenant), { ttlMs: 300_000 }))
  return of[flag] === true
}

/** First where it is true, and then what repeats it. */
async function turn(tenant: string, flag: string, to: boolean): Promise<void> {
  await updateFlag(tenant, flag, to)
  await flags.remove(tenant)
}
// #endregion

// #region serve
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises'

const READS = Number(process.env['READS'] ?? 1_000_000)
const [command = 'serve', tenant = 'acme', flag = 'new-checkout', to = 'on'] = process.argv.slice(2)

/** A million reads, as requests make them; then it says what an operator changes, until it is stopped. */
async function serve(): Promise<void> {
  const stop = new AbortController()
  process.once('SIGTERM', () => stop.abort())
  let reads = 0
  while (reads < READS) {
    for (let i = 0; i < 1_000; i += 1) await isOn(tenant, flag)
    reads += 1_000
    await nextTurn() // messages of Redis arrive between the requests
  }
  const { hits = 0, live } = flags.stats().near ?? {}
  console.log(`${reads} reads, ${hits} of them from memory, ${live ? 'live' : 'not live'}`)
  for (let before: boolean | undefined; !stop.signal.aborted; await delay(10)) {
    const now = await isOn(tenant, flag)
    if (now !== before) console.log(flag, now ? 'is on' : 'is off')
    before = now
  }
}
// #endregion

await (command === 'turn' ? turn(tenant, flag, to === 'on') : serve())
await close()
