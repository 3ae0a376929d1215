import { type Explanations, explained } from './explanation.ts'

/** What a bridge of `@holdfast/telemetry` warns of. */
export type TelemetryWarningCode = 'HOLDFAST_TELEMETRY'

export const TELEMETRY_WARNINGS: Explanations<TelemetryWarningCode> = explained(
  { kind: 'warning', from: '@holdfast/telemetry' },
  {
    HOLDFAST_TELEMETRY: [
      'A bridge could not measure an event; the message says what was thrown. Locks, jobs and the cache are not affected, but metrics and spans may lack more: each bridge warns once.',
      'Correct what threw: most often the lockPattern of the application, else its SDK or registry. Then restart the process.',
    ],
  },
)
