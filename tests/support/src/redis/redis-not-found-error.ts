/** No Redis is running, installed or obtainable. The message says what was tried and what to do. */
export class RedisNotFoundError extends Error {
  readonly code = 'HOLDFAST_TESTBED_REDIS_NOT_FOUND'

  constructor(cause: unknown) {
    super(
      'No Redis found. Tried REDIS_URL, redis-server and valkey-server on PATH, and the packages of this ' +
        `machine's Debian or Ubuntu sources (${cause instanceof Error ? cause.message : String(cause)}). ` +
        'Install one (`apt install redis-server`, `brew install redis`) or set REDIS_URL to a server ' +
        'whose data may be thrown away.',
      { cause },
    )
    this.name = 'RedisNotFoundError'
  }
}
