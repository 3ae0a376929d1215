/** What the visitor looks at: of this page alone, and not of the world. */
import { computed, type ReadonlySignal, signal } from '@preact/signals'
import type { ConnectionState } from './connection.ts'
import type { Work } from '../../src/events/page-event.ts'
import type { HeldQuery } from '../../src/events/snapshot.ts'

export const connection = signal<ConnectionState>({ state: 'connecting' })

/** Nothing new is known, and nothing can be changed. */
export const isLost: ReadonlySignal<boolean> = computed(() => connection.value.state === 'lost')

/** What the inspector shows. */
export type Selection =
  | ({ readonly kind: 'work' } & Work)
  | { readonly kind: 'instance'; readonly name: string }
  | { readonly kind: 'redis' }
  | HeldQuery

export const selection = signal<Selection | null>(null)

/** The review whose diff is shown; null: the newest. */
export const chosenReview = signal<string | null>(null)

/** A moment that the picture, the cache and the log mark; by the host's clock. */
export const crosshair = signal<number | null>(null)

export interface LogFilter {
  readonly executionId: string | null
  readonly instance: string | null
  readonly level: string | null
  readonly text: string
}

export const logFilter = signal<LogFilter>({ executionId: null, instance: null, level: null, text: '' })

/** The dialog that is open. */
export type DialogRequest =
  | { readonly name: 'keys' | 'token' | 'review-range' | 'review-many' }
  | { readonly name: 'revoke'; readonly lock: string; readonly token: string; readonly instance: string }
  | { readonly name: 'reject'; readonly review: string; readonly number: number; readonly seen: number }
  | { readonly name: 'forget'; readonly work: Work }

export const dialog = signal<DialogRequest | null>(null)

/** `system`: as the browser says. */
export const theme = signal<'system' | 'light' | 'dark'>('system')

/** Keys of one letter can be switched off. */
export const hasLetterKeys = signal(true)

/** How many milliseconds the picture shows; null: all that is known. */
export const span = signal<number | null>(45_000)

/** The right edge of the picture; null: it follows now. */
export const until = signal<number | null>(null)
