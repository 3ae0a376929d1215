import type { StoredValue } from '@holdfast/core/storage'

/** What clients take: a Buffer over the same bytes. */
export function argument(value: StoredValue): string | Buffer {
  if (typeof value === 'string' || Buffer.isBuffer(value)) return value
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}
