/**
 * The entry point of an instance of the soak: that of the demo, and besides it reads and changes the price, writes its fences, and
 * crashes when it is asked to. It imports of Holdfast the core and the storages alone, of which earlier versions are kept.
 */
import { connectStorage } from '../../instances/connect.ts'
import type { FromInstance, ToInstance } from '../../instances/messages.ts'
import { receiveSettings } from '../../instances/receive-settings.ts'
import { startRuntime } from '../../instances/runtime.ts'
import type { Service } from '../../instances/service/service.ts'
import type { AroundCheckout } from '../../jobs/guarded-work.ts'
import { createInstanceRows } from '../tables/instance-rows.ts'
import { openSoakDatabase } from '../tables/open-soak-database.ts'
import { openPlainService } from './plain-service.ts'
import { type Price, createPrice } from './price.ts'
import { CRASH_AFTER_CHARGE, type SoakInstanceSettings } from './settings.ts'

// Ctrl-C reaches every process of the terminal; the soak ends the instances in order.
process.on('SIGINT', () => undefined)
const settings = await receiveSettings<SoakInstanceSettings>()

function send(message: FromInstance): void {
  if (process.connected) process.send?.(message, undefined, {}, () => undefined)
}

let crashes = false
process.on(CRASH_AFTER_CHARGE, () => (crashes = true))

async function main(): Promise<void> {
  const { client, redisUrl = '', databasePath, name, withKeys, framework } = settings
  if (client === 'memory') throw new Error('memory storage cannot be shared with another process')
  const connected = await connectStorage(client, redisUrl)
  const database = openSoakDatabase(databasePath)
  const rows = createInstanceRows(database, name)
  const prices: Price[] = []

  const aroundCheckout: AroundCheckout = async (lease, work) => {
    rows.underLock(lease, 'enter')
    try {
      await prices[0]?.read()
      return await work()
    } finally {
      rows.underLock(lease, 'leave')
    }
  }
  const runtime = await startRuntime(
    settings,
    connected.storage,
    { onOutcome: () => undefined, askBank: async () => await prices[0]?.use() },
    {
      aroundCheckout,
      effects: {
        withKeys,
        onCharged: () => {
          if (crashes) process.kill(process.pid, 'SIGKILL')
        },
      },
    },
  )
  if (runtime.holdfast !== undefined) prices.push(createPrice(runtime.holdfast, rows))
  const service = framework === undefined ? await openPlainService(runtime.start) : undefined

  let closing: Promise<void> | undefined
  const close = (): void => void (closing ??= end(service))
  const end = async (own: Service | undefined): Promise<void> => {
    await own?.close()
    await runtime.close()
    await connected.close()
    database.close()
    process.exit(0)
  }
  process.on('message', (message: ToInstance) => {
    if (message.type === 'close') close()
  })
  process.on('disconnect', close)
  send({ type: 'ready', port: service?.port ?? runtime.port })
}

main().catch((error: unknown) => {
  const reason = error instanceof Error ? error.message : String(error)
  if (process.connected) process.send?.({ type: 'unusable', reason }, () => process.exit(1))
  else process.exit(1)
})
