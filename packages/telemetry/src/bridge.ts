/** A bridge that listens. It holds no timer and no socket: it keeps no process alive. */
export interface Bridge {
  /** Stops listening and leaves nothing behind. Calling it again does nothing. */
  stop(): void
}
