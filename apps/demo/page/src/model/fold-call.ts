import type { CallNews, Stamp } from '../../../src/events/page-event.ts'
import { startOutcome } from '../../../src/events/sums.ts'
import type { Draft } from './draft.ts'
import { goneAfter } from './fold-process.ts'
import { touchWork } from './fold-work.ts'
import type { Call } from './model.ts'

export function foldCall(draft: Draft, event: Stamp & CallNews): void {
  if (event.type === 'call.asked') {
    const { callId, jobType, jobKey, policy, parentExecutionId, at, source } = event
    const gone = goneAfter(draft, source, at)
    const call: Call = {
      id: callId,
      instance: source,
      jobType,
      jobKey,
      policy,
      parentExecutionId,
      askedAt: at,
      waitingSince: null,
      waitsFor: null,
      behind: null,
      outcome: gone === undefined ? null : 'cutShort',
      answeredAt: gone ?? null,
      tookMs: gone === undefined ? null : gone - at,
      executionId: null,
      code: null,
      message: '',
    }
    draft.map('calls').set(callId, call)
    touchWork(draft, event, at, { call: callId })
    return
  }
  const call = draft.calls.get(event.callId)
  if (call === undefined) return
  draft.map('calls').set(
    event.callId,
    event.type === 'call.waiting'
      ? { ...call, waitingSince: event.at, waitsFor: event.executionId, behind: event.behind }
      : {
          ...call,
          outcome: startOutcome(event.outcome, event.code),
          answeredAt: event.at,
          tookMs: event.tookMs,
          executionId: event.executionId,
          code: event.code,
          message: event.message,
        },
  )
  touchWork(draft, call, event.at, {})
}
