import { encodeWith } from '../support/codec.ts'
import { CheckpointTooLargeError } from './errors.ts'
import type { ResolvedOptions } from './options.ts'

/** @throws what the codec throws, and CheckpointTooLargeError */
export function storeCheckpoint(
  value: unknown,
  { codec, maxCheckpointBytes }: Pick<ResolvedOptions, 'codec' | 'maxCheckpointBytes'>,
): string {
  const data = encodeWith(codec, value, 'checkpoint')
  const bytes = Buffer.byteLength(data)
  if (bytes > maxCheckpointBytes) throw new CheckpointTooLargeError(bytes, maxCheckpointBytes)
  return data
}
