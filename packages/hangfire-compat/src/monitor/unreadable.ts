import { HangfireUnreadableError, HangfireUnsupportedError } from '../errors.ts'

/** Stored data that was not understood. What surrounds it is shown all the same. */
export interface Unreadable {
  readonly key: string
  /** The text as it is; undefined when it is missing, or of another type. */
  readonly stored?: string
  /** What is wrong with it, for people. */
  readonly problem: string
}

/** Collects what one page could not read. */
export interface Found {
  readonly unreadable: readonly Unreadable[]
  add(unreadable: Unreadable): void
  /** The value, or undefined after noting why there is none. `stored` is used where the error names no text. */
  attempt<T>(key: string, read: () => T, stored?: string): T | undefined
}

export function collect(): Found {
  const unreadable: Unreadable[] = []
  return {
    unreadable,
    add: (each) => void unreadable.push(each),
    attempt(key, read, stored) {
      try {
        return read()
      } catch (error) {
        const isOfTheData =
          error instanceof HangfireUnreadableError || error instanceof HangfireUnsupportedError
        if (!isOfTheData) throw error
        const text = (error instanceof HangfireUnreadableError ? error.stored : undefined) ?? stored
        unreadable.push({ key, ...(text === undefined ? {} : { stored: text }), problem: error.message })
        return undefined
      }
    },
  }
}
