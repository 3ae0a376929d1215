import { type Script, defineScript } from '@holdfast/redis-protocol'
import { CLOCK, FOUND, HOLDER } from './lua.ts'

/** Who holds the lock. */
export const inspectLock: Script<[lock: string, memory: string], []> = defineScript({
  name: 'hangfire.locks.inspect',
  keys: 2,
  args: 0,
  source: `
-- Who holds the lock.
-- KEYS: 1 lock  2 what is remembered of Node's holders
-- Returns one string: F(ree) or H(eld), the clock in µs, the fence of Node's last grant; then, if held, its holder
${CLOCK}
${FOUND}
if kind == 'none' then return 'F' .. us .. fence end
return 'H' .. us .. fence .. ${HOLDER}
`,
})
