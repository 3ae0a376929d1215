import type { AttemptNews, Stamp } from '../../../src/events/page-event.ts'
import type { Draft } from './draft.ts'
import { goneAfter } from './fold-process.ts'
import { touchWork } from './fold-work.ts'
import { type Attempt, workKey } from './model.ts'

export function foldAttempt(draft: Draft, event: Stamp & AttemptNews): void {
  switch (event.type) {
    case 'attempt.started':
      started(draft, event)
      return
    case 'attempt.seen': {
      const attempt = draft.attempts.get(event.executionId)
      if (attempt === undefined) return
      const isStep = event.percent !== attempt.percent
      draft.map('attempts').set(event.executionId, {
        ...attempt,
        percent: event.percent,
        stage: event.message,
        leaseEndsAt: event.leaseEndsAt,
        isStalled: event.stalled,
        steps: isStep ? [...attempt.steps, { at: event.at, percent: event.percent }] : attempt.steps,
      })
      return
    }
    case 'attempt.ended': {
      const attempt = draft.attempts.get(event.executionId)
      if (attempt === undefined) return
      draft.map('attempts').set(event.executionId, {
        ...attempt,
        outcome: event.outcome,
        endedAt: event.at,
        reason: event.reason,
        message: event.message,
        percent: event.outcome === 'completed' ? 100 : attempt.percent,
      })
      touchWork(draft, attempt, event.at, {})
    }
  }
}

function started(draft: Draft, event: Stamp & AttemptNews & { readonly type: 'attempt.started' }): void {
  const { type: _type, seq: _seq, at, source, ...told } = event
  const gone = goneAfter(draft, source, at)
  const others = draft.works.get(workKey(event))?.attempts.map((id) => draft.attempts.get(id)) ?? []
  const successor = others.find((other) => other?.takenOverFrom === event.executionId)
  const attempt: Attempt = {
    ...told,
    instance: source,
    startedAt: at,
    percent: event.fromPercent,
    stage: null,
    steps: [],
    leaseEndsAt: at + event.leaseMs,
    isStalled: false,
    takenOverBy: successor?.executionId ?? null,
    takenOverAt: successor?.startedAt ?? null,
    outcome: gone === undefined ? null : 'cutShort',
    endedAt: gone ?? null,
    reason: null,
    message: null,
  }
  const attempts = draft.map('attempts')
  attempts.set(event.executionId, attempt)
  const before = event.takenOverFrom === null ? undefined : attempts.get(event.takenOverFrom)
  if (before !== undefined) {
    attempts.set(before.executionId, { ...before, takenOverBy: event.executionId, takenOverAt: at })
  }
  touchWork(draft, event, at, { attempt: event.executionId, fences: [event.fencingToken] })
}
