import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createLocks } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { Redis } from 'ioredis'

// #region sql
/** Sets the stock, unless a later holder of the lock has set it already. */
function setStock(db: DatabaseSync, item: string, count: number, fencingToken: number): boolean {
  const update = db.prepare('update stock set count = ?, fence = ? where item = ? and fence <= ?')
  return update.run(count, fencingToken, item, fencingToken).changes === 1
}
// #endregion

// #region redis
const SET_FENCED = `
if tonumber(redis.call('HGET', KEYS[1], 'fence') or 0) > tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], 'value', ARGV[1], 'fence', ARGV[2])
return 1`

/** Sets a value in Redis, unless a later holder of the lock has set it already. */
async function setFenced(redis: Redis, key: string, value: string, fencingToken: number): Promise<boolean> {
  return (await redis.eval(SET_FENCED, 1, key, value, fencingToken)) === 1
}
// #endregion

// What follows shows it with two processes: the first is stopped while it holds the lock, for longer than its lease.
const [
  ,
  ,
  role = 'main',
  file = join(mkdtempSync(join(tmpdir(), 'fencing-')), 'stock.sqlite'),
  run = `${process.pid}`,
] = process.argv
const db = new DatabaseSync(file, { timeout: 5_000 })
const redis = new Redis(process.env.REDIS_URL ?? 'redis://localhost:6379')
redis.on('error', console.error)
const storage = ioredisStorage(redis)
const locks = createLocks(storage)
const item = `sku-${run}`

const write = async (count: number, fencingToken: number): Promise<string> => {
  const inSql = setStock(db, item, count, fencingToken)
  const inRedis = await setFenced(redis, `stock:${item}`, `${count}`, fencingToken)
  return `${role}: SQL ${inSql}, Redis ${inRedis}`
}

if (role === 'paused') {
  const lease = await locks.acquire(item, { leaseMs: 500 })
  process.send?.('holding')
  await once(process, 'message')
  // It could have asked lease.assertValid(); that it did not must not matter.
  const outcome = await write(1, lease.fencingToken)
  process.send?.(`${outcome}; the release says ${await lease.release()}`)
} else {
  db.exec(
    'create table stock (item text primary key, count integer not null, fence integer not null default 0)',
  )
  db.prepare('insert into stock (item, count) values (?, 0)').run(item)
  const paused = fork(process.argv[1] ?? '', ['paused', file, run])
  await once(paused, 'message')
  paused.kill('SIGSTOP')

  const lease = await locks.acquire(item)
  console.log(await write(2, lease.fencingToken)) // main: SQL true, Redis true
  await lease.release()

  paused.kill('SIGCONT')
  paused.send('go on')
  const [outcome] = await once(paused, 'message')
  console.log(outcome) // paused: SQL false, Redis false; the release says lost
  await once(paused, 'exit')
  const kept = [
    db.prepare('select count from stock').get()?.['count'],
    await redis.hget(`stock:${item}`, 'value'),
  ]
  if (kept.join() !== '2,2') throw new Error(`the paused process overwrote its successor: ${kept.join()}`)
  await redis.del(`stock:${item}`)
  rmSync(join(file, '..'), { recursive: true })
}
await locks.close()
await storage.close()
await redis.quit()
db.close()
process.disconnect?.()
