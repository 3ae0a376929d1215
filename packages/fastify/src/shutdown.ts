import type { Holdfast } from '@holdfast/core'

/** Aborted when the app of this instance begins to close: for answers that have no end of their own. */
export const shutdowns: WeakMap<Holdfast, AbortSignal> = new WeakMap()
