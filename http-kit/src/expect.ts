import assert from 'node:assert/strict'
import type { Answer } from './client.ts'
import type { Watched } from './witness.ts'

export function assertProblem(answer: Answer, status: number, code: string): Record<string, unknown> {
  assert.equal(answer.status, status, answer.text)
  assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json\b/)
  assert.equal(answer.headers['idempotent-replayed'], undefined)
  const problem = answer.json()
  assert.equal(problem['code'], code)
  assert.equal(problem['status'], status)
  for (const member of ['type', 'title', 'detail']) assert.equal(typeof problem[member], 'string', member)
  assert.equal(typeof problem['retryable'], 'boolean')
  return problem
}

export function assertInProgress(answer: Answer): void {
  assertProblem(answer, 409, 'IDEMPOTENCY_IN_PROGRESS')
  const seconds = Number(answer.headers['retry-after'])
  assert.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= 5, `Retry-After: ${seconds}`)
}

/** The same answer, byte for byte, and marked as a replay; the first was not. */
export function assertReplay(replay: Answer, first: Answer): void {
  assert.equal(first.headers['idempotent-replayed'], undefined)
  assert.equal(replay.headers['idempotent-replayed'], 'true', replay.text)
  assert.equal(replay.status, first.status)
  assert.ok(replay.bytes.equals(first.bytes), `${replay.text}\nis not\n${first.text}`)
  assert.equal(replay.headers['content-type'], first.headers['content-type'])
}

/** An answer that the handler gave in this very request. */
export function assertFirst(answer: Answer, status: number): void {
  assert.equal(answer.status, status, answer.text)
  assert.equal(answer.headers['idempotent-replayed'], undefined)
}

export function assertRuns({ visits }: Watched, runs: number): void {
  assert.equal(visits.length, runs, `the handler ran ${visits.length} times`)
}
