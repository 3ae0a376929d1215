import { type JobResult, isJobType } from '../../jobs/job.ts'
import { createToken } from '../../server/token.ts'
import type { StartJob } from './service.ts'

/** `POST /reviews/<id>/jobs/<type>?wait=1&failed=replay&call=<id>&at=<ms>`, whichever framework has read it. */
export interface StartRequest {
  readonly id: string
  readonly type: string
  /** While the job runs elsewhere, the caller waits for its result. */
  readonly wait?: string | undefined
  /** `replay`: after a failure the caller gets it, and runs nothing. */
  readonly failed?: string | undefined
  /** What the caller calls this start. */
  readonly call?: string | undefined
  /** When to start, in milliseconds since 1970: starts of one moment are sent before it. */
  readonly at?: string | undefined
}

export interface StartAnswer {
  readonly status: number
  readonly body: JobResult | { readonly code: string | null; readonly message: string }
}

const STATUS: Readonly<Record<string, number>> = {
  EXECUTION_IN_PROGRESS: 409,
  LEASE_LOST: 409,
  STALE_WRITER: 409,
  STORAGE_UNAVAILABLE: 503,
}

/** Starts the job, and says in terms of HTTP how that went. */
export async function answer(start: StartJob, request: StartRequest): Promise<StartAnswer> {
  const { id, type, wait, failed, call, at } = request
  if (!isJobType(type)) return { status: 404, body: { code: null, message: `There is no job ${type}.` } }
  const ms = Number(at ?? 0) - Date.now()
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms))
  try {
    const policy = {
      onInProgress: wait === '1' ? 'wait' : 'reject',
      ...(failed === 'replay' ? { onFailed: 'replay' as const } : {}),
    } as const
    return { status: 200, body: await start(type, id, policy, call) }
  } catch (error) {
    const { code } = error as { readonly code?: unknown }
    const message = error instanceof Error ? error.message : String(error)
    const known = typeof code === 'string' ? code : null
    return { status: STATUS[known ?? ''] ?? 500, body: { code: known, message } }
  }
}

export type AnswerTo = (request: StartRequest, authorization: string | undefined) => Promise<StartAnswer>

/**
 * Starts jobs for callers that show this key alone: a page of another site reaches every port of the machine that it is seen on, and
 * so does every user there.
 */
export function answerTo(start: StartJob, key: string | undefined): AnswerTo {
  const token = key === undefined ? undefined : createToken(`Bearer ${key}`)
  return async (request, authorization) =>
    token === undefined || token.matches(authorization)
      ? await answer(start, request)
      : { status: 401, body: { code: null, message: 'The key of this service is missing.' } }
}
