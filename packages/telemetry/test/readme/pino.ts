// #region log
import { createHoldfast, memoryStorage } from '@holdfast/core'
import { startPino } from '@holdfast/telemetry/pino'
import { pino } from 'pino'

const { mixin } = startPino()
const log = pino({ mixin })
const holdfast = createHoldfast({ storage: memoryStorage() })

await holdfast.idempotency.run('invoice', 'order-42', async () => {
  await draw()
})

async function draw(): Promise<void> {
  log.info('drawing') // {"level":30,…,"executionId":"…","jobType":"invoice","jobKey":"order-42","attempt":1,"msg":"drawing"}
}

await holdfast.close()
// #endregion
