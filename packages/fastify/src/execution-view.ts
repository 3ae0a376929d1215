import { type ExecutionSnapshot, jsonCodec } from '@holdfast/core'

/** What the state routes show of an execution: never a stack, and data only when the app says so. */
export function executionView(snapshot: ExecutionSnapshot, exposeData: boolean): Record<string, unknown> {
  const { error, result, checkpoint, ...state } = snapshot
  return {
    ...state,
    errorCode: error?.code ?? null,
    ...(exposeData ? { result: plain(result), checkpoint: plain(checkpoint) } : {}),
  }
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
