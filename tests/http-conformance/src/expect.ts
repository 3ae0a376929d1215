import assert from 'node:assert/strict'
import type { Answer } from './client.ts'
import type { Watched } from './witness.ts'

const hundreds = (status: number): number => Math.floor(status / 100)

/**
 * The request was refused: by Holdfast with exactly this status and a problem document with this code, by another library
 * with a status of the same class. Returns the document of Holdfast.
 */
export function assertProblem(answer: Answer, status: number, code: string): Record<string, unknown> {
  if (!answer.isOurs) {
    assert.equal(hundreds(answer.status), hundreds(status), `${answer.status} ${answer.text}`)
    return {}
  }
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
  if (!answer.isOurs) return
  const seconds = Number(answer.headers['retry-after'])
  assert.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= 5, `Retry-After: ${seconds}`)
}

/** The same answer, byte for byte. Holdfast must mark it as a replay, and must not mark the first one. */
export function assertReplay(replay: Answer, first: Answer): void {
  assertMark(first, undefined)
  assertMark(replay, 'true')
  assert.equal(replay.status, first.status, replay.text)
  assert.ok(replay.bytes.equals(first.bytes), `${replay.text}\nis not\n${first.text}`)
  assert.equal(replay.headers['content-type'], first.headers['content-type'])
}

/** An answer that the handler, or a check before it, made in this request. */
export function assertFirst(answer: Answer, status: number): void {
  assert.equal(answer.status, status, answer.text)
  assertMark(answer, undefined)
}

/** Other libraries mark replays in their own way, or not at all. */
export function assertMark({ isOurs, headers, text }: Answer, mark: 'true' | undefined): void {
  if (isOurs) assert.equal(headers['idempotent-replayed'], mark, text)
}

export function assertRuns({ visits }: Watched, runs: number): void {
  assert.equal(visits.length, runs, `the handler ran ${visits.length} times`)
}
