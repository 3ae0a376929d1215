export interface ClientVersion {
  readonly name: string
  readonly library: 'ioredis' | 'redis'
  /** Under which name this workspace has installed it. */
  readonly installed: string
  readonly major: 5 | 6
}

/** The oldest and the newest of each supported major. */
export const clientVersions: readonly ClientVersion[] = [
  { name: 'ioredis 5.0.0', library: 'ioredis', installed: 'ioredis5-oldest', major: 5 },
  { name: 'ioredis 5.11.1', library: 'ioredis', installed: 'ioredis5', major: 5 },
  { name: 'ioredis 6.0.0', library: 'ioredis', installed: 'ioredis', major: 6 },
  { name: 'redis 5.0.0', library: 'redis', installed: 'redis5-oldest', major: 5 },
  { name: 'redis 5.12.1', library: 'redis', installed: 'redis5', major: 5 },
  { name: 'redis 6.0.0', library: 'redis', installed: 'redis6-oldest', major: 6 },
  { name: 'redis 6.3.1', library: 'redis', installed: 'redis', major: 6 },
]
