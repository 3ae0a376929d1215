/** The keys of a cache as Redis has them, for what other tools do to them. */
export interface RedisKeys {
  entry(space: string, key: string): string
  generation(space: string): string
  refresh(space: string, key: string): string
}

export function redisKeys(prefix: string): RedisKeys {
  const values = `holdfast:v:${prefix}`
  return {
    entry: (space, key) => `${values}:${space}:${key}`,
    generation: (space) => `${values}:#g/${space}`,
    refresh: (space, key) => `${values}:#r/${space}:${key}`,
  }
}
