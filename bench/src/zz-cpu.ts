// interleaves contenders in ONE process; prints CPU per pair and server usec per call
import { startRedis } from '@holdfast/testbed/redis'
import { Redis } from 'ioredis'
import { lockContenders } from './locks-contenders.ts'
const names = (process.argv[2] ?? 'raw ioredis,holdfast ioredis').split(',')
const rounds = Number(process.argv[3] ?? 8), N = Number(process.argv[4] ?? 20000), callers = Number(process.argv[5] ?? 64)
const redis = await startRedis()
const admin = new Redis(redis.url)
const cs = await Promise.all(names.map((n) => lockContenders[n]!(redis.url)))
async function par(c: any, n: number) {
  let left = n
  await Promise.all(Array.from({ length: callers }, async (_, i) => { while (left-- > 0) { const r = await c.acquire(`bench:par:${i}`); await r() } }))
}
const res = new Map(names.map((n) => [n, { cpu: [] as number[], us: [] as number[], sys: [] as number[], wall: [] as number[] }]))
for (const c of cs) await par(c, 5000)
for (let r = 0; r < rounds; r++) for (let j = 0; j < cs.length; j++) {
  const k = (j + r) % cs.length
  await admin.config('RESETSTAT')
  const cpu = process.cpuUsage(); const t = performance.now()
  await par(cs[k], N)
  const d = process.cpuUsage(cpu); const w = performance.now() - t
  const stats = await admin.info('commandstats')
  let us = 0, calls = 0
  for (const m of stats.matchAll(/cmdstat_(\S+?):calls=(\d+),usec=(\d+)/g)) if (['set','evalsha'].includes(m[1]!)) { if (m[1]==='set' && !names[k]!.startsWith('raw')) continue; us += Number(m[3]); calls += Number(m[2]) }
  const e = res.get(names[k]!)!
  e.cpu.push((d.user + d.system) / N); e.sys.push(d.system / N); e.us.push(us / N); e.wall.push(N / w * 1000)
}
const med = (a: number[]) => a.toSorted((x, y) => x - y)[a.length >> 1]!
const raw = res.get(names[0]!)!
for (const [n, e] of res) console.log(n.padEnd(18), 'cpu', med(e.cpu).toFixed(2), 'sys', med(e.sys).toFixed(2), 'x', med(e.cpu.map((v, i) => v / raw.cpu[i]!)).toFixed(3), ' min', Math.min(...e.cpu).toFixed(2), ' server us', med(e.us).toFixed(2), 'x', (med(e.us) / med(raw.us)).toFixed(2), ' pairs/s', med(e.wall).toFixed(0), 'x', med(e.wall.map((v, i) => v / raw.wall[i]!)).toFixed(3))
for (const c of cs) await c.close()
admin.disconnect(); await redis.stop()
