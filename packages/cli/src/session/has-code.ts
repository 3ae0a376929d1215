import { HoldfastError, type HoldfastErrorCode } from '@holdfast/core'

export function hasCode(error: unknown, code: HoldfastErrorCode): error is HoldfastError {
  return HoldfastError.isInstance(error) && error.code === code
}
