/** A server program that can be started, and what its environment needs for that. */
export interface RedisServerBinary {
  readonly path: string
  readonly env: Readonly<Record<string, string>>
}
