// #region embedded
import { createHoldfast, memoryStorage } from '@holdfast/core'

const holdfast = createHoldfast({ storage: memoryStorage() })

const report = holdfast.idempotency.define<{ month: string }, { rows: number }>('report', {
  key: ({ month }) => month,
  fingerprint: (input) => input,
  onInProgress: 'wait',
  maxAttempts: 3,
})

const runs = await Promise.all(
  Array.from({ length: 100 }, () => report.run({ month: '2026-11' }, async () => ({ rows: 42 }))),
)
console.log(runs.filter(({ status }) => status === 'executed').length) // 1
console.log((await report.getExecutionStatus({ month: '2026-11' }))?.result) // { rows: 42 }

await holdfast.close()
// #endregion
