/** Lua that the scripts of running jobs share. */

/** `isMine`: the job is Processing by this worker. KEYS: 2 the state. ARGV: 2 ServerId, 3 WorkerId. */
export const OWNER = `
local owner = redis.call('HMGET', KEYS[2], 'State', 'ServerId', 'WorkerId')
local isMine = owner[1] == 'Processing' and owner[2] == ARGV[2] and owner[3] == ARGV[3]`
