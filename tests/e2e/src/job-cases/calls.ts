import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { ExecutionContext, ExecutionSnapshot, Idempotency, StartOptions } from '@holdfast/core'
import type { JobWorld } from '../job-world.ts'

/** The part of their world that the cases use. */
export interface Access {
  readonly join: JobWorld['join']
  readonly storageTime: () => Promise<number>
}

/** Short enough to wait for, long enough for a busy machine to renew in time. */
export const LEASE = 3_000

export const lost = { code: 'LEASE_LOST' }

export function freshKey(): string {
  return randomUUID()
}

export async function start(
  idempotency: Idempotency,
  key: string,
  options: StartOptions = {},
): Promise<ExecutionContext> {
  const begun = await idempotency.begin('job', key, options)
  assert.equal(begun.status, 'started')
  return (begun as { execution: ExecutionContext }).execution
}

export async function tryStart(
  idempotency: Idempotency,
  key: string,
  options: StartOptions,
): Promise<ExecutionContext | undefined> {
  const begun = await idempotency.begin('job', key, options)
  return begun.status === 'started' ? begun.execution : undefined
}

export async function tryStatus(idempotency: Idempotency, key: string): Promise<ExecutionSnapshot | null> {
  return idempotency.getExecutionStatus('job', key)
}

export async function status(idempotency: Idempotency, key: string): Promise<ExecutionSnapshot> {
  const snapshot = await tryStatus(idempotency, key)
  assert.ok(snapshot, 'nothing is stored')
  return snapshot
}
