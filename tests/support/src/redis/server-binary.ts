/** A server program, and the environment that it needs. */
export interface RedisServerBinary {
  readonly path: string
  readonly env: Readonly<Record<string, string>>
}
