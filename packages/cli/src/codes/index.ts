import type { FindingCode } from '@holdfast/redis-protocol'
import { BULLMQ_ERRORS, type BullmqErrorCode } from './bullmq-codes.ts'
import { CLIENT_ERRORS, CORE_ERRORS, type ClientErrorCode, type CoreErrorCode } from './core-errors.ts'
import type { ExplainedCode, Explanation, Explanations } from './explanation.ts'
import { CACHE_FINDINGS, type CacheFindingCode, REDIS_FINDINGS } from './findings.ts'
import {
  HANGFIRE_ERRORS,
  HANGFIRE_WARNINGS,
  type HangfireErrorCode,
  type HangfireWarningCode,
} from './hangfire-codes.ts'
import { HTTP_ERRORS, HTTP_PROBLEMS, type HttpErrorCode, type HttpProblemCode } from './http-codes.ts'
import { TELEMETRY_WARNINGS, type TelemetryWarningCode } from './telemetry-codes.ts'

export type { ExplainedCode, Explanation } from './explanation.ts'

/** Any code of the family. */
export type Code =
  | CoreErrorCode
  | ClientErrorCode
  | HttpErrorCode
  | BullmqErrorCode
  | HttpProblemCode
  | FindingCode
  | CacheFindingCode
  | HangfireErrorCode
  | HangfireWarningCode
  | TelemetryWarningCode

/** Every code of the family: of errors, of findings of `health()`, of problems of HTTP routes, of warnings. */
export const CODES: Explanations<Code> = {
  ...CORE_ERRORS,
  ...CLIENT_ERRORS,
  ...HTTP_ERRORS,
  ...BULLMQ_ERRORS,
  ...REDIS_FINDINGS,
  ...CACHE_FINDINGS,
  ...HTTP_PROBLEMS,
  ...HANGFIRE_ERRORS,
  ...HANGFIRE_WARNINGS,
  ...TELEMETRY_WARNINGS,
}

/** All of them, in the order of the table. */
export function allCodes(): readonly ExplainedCode[] {
  return Object.entries(CODES).map(([code, explanation]: [string, Explanation]) => ({ code, ...explanation }))
}

/** What a code means; undefined when no part of the family has it. Upper and lower case are the same. */
export function explainCode(code: string): ExplainedCode | undefined {
  const name = code.trim().toUpperCase()
  return Object.hasOwn(CODES, name) ? { code: name, ...CODES[name as Code] } : undefined
}
