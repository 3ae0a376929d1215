import type { Holdfast } from '@holdfast/core'

/** Aborted when the app of this instance begins to close: for answers that do not end by themselves. */
export const shutdowns: WeakMap<Holdfast, AbortSignal> = new WeakMap()
