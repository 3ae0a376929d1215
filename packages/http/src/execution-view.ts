import { type ExecutionSnapshot, type LockView, jsonCodec } from '@holdfast/core'

/** Codes of errors whose messages name instances or servers. */
const NAMING: ReadonlySet<unknown> = new Set([
  'LOCK_TIMEOUT',
  'EXECUTION_IN_PROGRESS',
  'LEASE_LOST',
  'STORAGE_UNAVAILABLE',
  'STORAGE_REFUSED',
])

/** What the state routes show of an execution: never a stack; data, and which instance runs it, only when the app says so. */
export function executionView(snapshot: ExecutionSnapshot, exposeData: boolean): Record<string, unknown> {
  const { error, result, checkpoint, instance, errorMessage, ...state } = snapshot
  const errorCode = error?.code ?? null
  return {
    ...state,
    errorMessage: exposeData || !NAMING.has(errorCode) ? errorMessage : null,
    errorCode,
    ...(exposeData ? { result: plain(result), checkpoint: plain(checkpoint), instance } : {}),
  }
}

/** What they show of a lock. Tokens begin with the name of their instance. */
export function lockView(
  { name, holders, waiting, queue }: LockView,
  exposeData: boolean,
): Record<string, unknown> {
  if (exposeData) return { name, holders, waiting, queue }
  const shown = holders.map(({ fencingToken, heldForMs, remainingMs, claimed }) => ({
    fencingToken,
    heldForMs,
    remainingMs,
    claimed,
  }))
  return { name, holders: shown, waiting }
}

/** Data that JSON cannot say (bytes, big integers) in the codec's way of saying it. */
function plain(value: unknown): unknown {
  if (value === undefined) return null
  try {
    return JSON.parse(jsonCodec.encode(value)) as unknown
  } catch {
    return null
  }
}
