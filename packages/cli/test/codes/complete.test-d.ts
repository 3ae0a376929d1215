/** The table explains every code that the packages know, and no other: a missing or a misspelt one does not compile. */
import type { HoldfastErrorCode } from '@holdfast/core'
import type { HangfireWarningCode } from '@holdfast/hangfire-compat'
import type { ProblemCode } from '@holdfast/http'
import type { FindingCode } from '@holdfast/redis-protocol'
import type { Code } from '@holdfast/cli/codes'

/** Recorded with a job, and thrown by no call. */
type RecordedCode = 'EXECUTION_STALLED'
/** Of `@holdfast/telemetry`, whose bridges warn and export no code. */
type TelemetryWarningCode = 'HOLDFAST_TELEMETRY'
type CacheFindingCode = 'CACHE_UNAVAILABLE' | 'CACHE_REPLICA' | 'CACHE_COMMANDS_REFUSED'

type Known =
  | HoldfastErrorCode
  | RecordedCode
  | FindingCode
  | CacheFindingCode
  | ProblemCode
  | HangfireWarningCode
  | TelemetryWarningCode

type Equal<A, B> = [A, B] extends [B, A] ? true : { missing: Exclude<A, B>; unknown: Exclude<B, A> }

const isComplete: Equal<Known, Code> = true
void isComplete
