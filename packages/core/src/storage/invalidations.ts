/**
 * **invalidations**: what a storage reports of changes, so that a process may keep copies of values. A storage without it
 * leaves out {@link ValueStorage.invalidations}; then no near cache can be had over it.
 *
 * - **F1** From `up` until `down`, every change of a key that begins with a followed prefix is reported, whoever made it: a
 *   write, a removal, a new time to live, the end of one, an eviction, a flush. The report may come late, and in any order
 *   with the answers of the storage; one that never comes is followed by `down`.
 * - **F2** `up(at)` and `proven(at)` say that all that changed before `at` has been reported. Nothing that a process kept before
 *   `up` counts.
 * - **F3** `down` comes once for each `up`, as soon as a report may be missing: the link is closed, or has been silent for longer
 *   than `maxStaleMs`; the connection that reads is another one; the servers of a cluster, or their slots, are others.
 * - **F4** What is down comes up again by itself while it is followed. A server that refuses is asked again, more and more
 *   rarely, and `refused` is called once for each cause.
 * - **F5** There may be too many reports: of a change that changed nothing, of a key of another database.
 * - **F6** All who follow share one link for each server. It is no connection of the user's, keeps no process alive, and ends
 *   with the last who follows, or with the storage.
 */
export interface InvalidationFeed {
  /** Opens the link, unless it is open. Without a call of `stop` it stays open. */
  follow(prefix: string, options: FollowOptions, listener: InvalidationListener): Following
}

/** How closely a prefix is followed. */
export interface FollowOptions {
  /** A link that has been silent for as long is down; it is asked three times as often, for the one that asks most. */
  readonly maxStaleMs: number
}

/** All instants are on this process's monotonic clock, in milliseconds. No method may throw. */
export interface InvalidationListener {
  up(at: number): void
  proven(at: number): void
  /** Keys as {@link ValueStorage} takes them. */
  invalidated(keys: readonly string[]): void
  /** Any key may have changed. */
  everything(): void
  down(): void
  /** A message on the link that no server sends, and that was ignored: anybody may publish. */
  ignored(): void
  refused(reason: FeedRefusal): void
}

/** Ends with `stop`. */
export interface Following {
  stop(): void
}

/**
 * - `TRACKING_REFUSED`: the server does not know, or the user has no right to, what it needs.
 * - `TRACKING_CHANNEL`: the user has no right to the channel of the reports.
 * - `TRACKING_UNPROVEN`: a write was not reported: reads and reports come from two servers, or something between drops them.
 */
export interface FeedRefusal {
  readonly code: 'TRACKING_REFUSED' | 'TRACKING_CHANNEL' | 'TRACKING_UNPROVEN'
  readonly cause: unknown
}
