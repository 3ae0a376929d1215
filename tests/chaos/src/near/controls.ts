import type { Storage } from '@holdfast/core'
import { neverDown } from './never-down.ts'
import { noMarkers } from './no-markers.ts'

/** What is broken on purpose, and must be found out. */
export const controls = {
  'no-loss': neverDown,
  'no-marker': noMarkers,
} satisfies Record<string, (storage: Storage) => Storage>

export type Control = keyof typeof controls
export const controlNames = Object.keys(controls) as readonly Control[]
