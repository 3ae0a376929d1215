export type { Command, LinkEvents, RedisClient, RedisLink, RedisNode, ShardedChannels } from './client.ts'
export { type ClientState, type Emitter, followState } from './follow-state.ts'
export { keySlot } from './slot.ts'
export { type RedisStorageOptions, redisStorage } from './storage.ts'
