/**
 * So long what the cache computes may take, rather than the half a minute that is usual. It waits for one of two permits, or for its
 * turn on the thread of its process, while many other reviews go on. A job that is stuck ends by its own timeout, later.
 */
export const LONGEST_LOAD_MS = 900_000
