import { InvalidArgumentError } from './errors.ts'

/** An `AbortSignal` of whatever realm or polyfill: a wrong one would only fail where nobody can catch it. */
export function checkSignal(signal: AbortSignal | undefined): AbortSignal | undefined {
  if (signal === undefined || isSignal(signal)) return signal
  throw new InvalidArgumentError('signal must be an AbortSignal.')
}

function isSignal(value: Partial<AbortSignal> | null): boolean {
  return (
    typeof value?.aborted === 'boolean' &&
    typeof value.addEventListener === 'function' &&
    typeof value.removeEventListener === 'function'
  )
}
