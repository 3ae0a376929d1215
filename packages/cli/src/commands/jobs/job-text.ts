import type { ExecutionSnapshot } from '@holdfast/core'
import { facts, table } from '../../output/table.ts'
import { coloured, duration, visible } from '../../output/text.ts'

/** As operators name it: an execution whose owner does not renew it is stalled, one that its owner gave up unfinished is released. */
export const STATES = ['executing', 'stalled', 'released', 'failed', 'completed'] as const
export type State = (typeof STATES)[number]

export function stateOf({ status, stalled, released }: ExecutionSnapshot): State {
  if (stalled) return 'stalled'
  return released ? 'released' : status
}

/** `now`: on the clock of Redis. */
export function listText(executions: readonly ExecutionSnapshot[], now: number): string {
  const rows = executions.map((snapshot) => {
    const { jobKey, attempt, instance, startTime, endTime, progressPercentage, errorMessage } = snapshot
    const state = stateOf(snapshot)
    const until = endTime?.getTime() ?? now
    return [
      visible(jobKey),
      colouredState(state),
      String(attempt),
      visible(instance ?? ''),
      startTime.toISOString(),
      duration(until - startTime.getTime()),
      state === 'executing' || state === 'stalled' ? `${progressPercentage} %` : '',
      visible(shortened(errorMessage ?? '')),
    ]
  })
  return table(['KEY', 'STATE', 'ATTEMPT', 'INSTANCE', 'STARTED', 'RAN', 'DONE', 'ERROR'], rows)
}

const MOST_OF_ERROR = 60

/** Its first line; what is left out shows as an ellipsis. */
function shortened(message: string): string {
  const [line = ''] = message.split('\n', 1)
  if (line.length > MOST_OF_ERROR) return `${line.slice(0, MOST_OF_ERROR - 1).trimEnd()}…`
  return line === message.trimEnd() ? line : `${line} …`
}

export function jobText(snapshot: ExecutionSnapshot): string {
  const { jobType, jobKey, executionId, attempt, fencingToken, instance } = snapshot
  const { startTime, endTime, updateTime, leaseRemainingMs, progressPercentage, progressMessage } = snapshot
  const { error, cancelRequested, parentExecutionId, resultOmitted, resultProblem } = snapshot
  const state = stateOf(snapshot)
  const optional = (name: string, value: string | null): (readonly [string, string])[] =>
    value === null ? [] : [[name, visible(value)]]
  return `${coloured('bold', `${visible(jobType)} ${visible(jobKey)}`)}: ${colouredState(state)}\n${facts([
    ['execution', `${visible(executionId)}, attempt ${attempt}, fencing token ${fencingToken}`],
    ...optional('instance', instance),
    ['started', startTime.toISOString()],
    endTime === null
      ? ['last write', `${updateTime.toISOString()}, lease left ${duration(leaseRemainingMs)}`]
      : ['ended', `${endTime.toISOString()}, after ${duration(endTime.getTime() - startTime.getTime())}`],
    ...(endTime === null || progressMessage !== null
      ? [['progress', `${progressPercentage} % ${visible(progressMessage ?? '')}`.trimEnd()] as const]
      : []),
    ...optional('cancel asked', cancelRequested),
    ...optional('error', error === null ? null : `${String(error.code ?? error.name)}: ${error.message}`),
    ...optional('parent', parentExecutionId),
    ...optional('result', resultText(snapshot)),
    ...optional(
      'no result',
      resultOmitted === null ? null : `${resultOmitted}${resultProblem === null ? '' : `: ${resultProblem}`}`,
    ),
    ...optional('checkpoint', snapshot.checkpoint === undefined ? null : JSON.stringify(snapshot.checkpoint)),
  ])}`
}

function resultText({ status, result, resultOmitted }: ExecutionSnapshot): string | null {
  if (status !== 'completed' || resultOmitted !== null) return null
  const text = JSON.stringify(result) ?? 'none'
  return text.length > 500 ? `${text.slice(0, 500)}… (--json shows all)` : text
}

function colouredState(state: State): string {
  if (state === 'stalled' || state === 'failed') return coloured('red', state)
  return state === 'released' ? coloured('yellow', state) : state
}
