/** Compiled, never run: what a program gets wrong about errors and options does not compile. */
import { HoldfastError, type HoldfastErrorCode, type Locks } from '@holdfast/core'

export function handled(error: unknown): string {
  if (!HoldfastError.isInstance(error)) return 'another'
  error satisfies HoldfastError
  error.code satisfies HoldfastErrorCode
  // @ts-expect-error It is LOCK_TIMEOUT.
  if (error.code === 'LOCK_TIMEUOT') return 'misspelt'
  if (error.code === 'LOCK_TIMEOUT') return 'busy'
  // @ts-expect-error It is LEASE_LOST.
  return error.code !== 'LEASE_LOSS' ? 'misspelt' : error.publicMessage
}

// @ts-expect-error This code does not exist.
new HoldfastError('SOMETHING', 'it happened')

export async function taken({ tryAcquire }: Locks, options: { readonly waitMs: number }): Promise<void> {
  // @ts-expect-error It does not wait.
  await tryAcquire('a', { waitMs: 5 })
  // @ts-expect-error It does not wait, wherever the options are declared.
  await tryAcquire('a', options)
}
