import type { Code } from '@holdfast/cli/codes'
import { startPrometheus } from '@holdfast/telemetry/prometheus'
import { Registry } from 'prom-client'
import { expect } from 'vitest'
import { type Play, becomes } from './stage.ts'

/** No other play has a lock of this name: the bridge hears them all. */
const LOCK = 'invoices'

export const PLAYS_OF_TELEMETRY: Readonly<Record<Extract<Code, 'HOLDFAST_TELEMETRY'>, Play>> = {
  async HOLDFAST_TELEMETRY(stage) {
    const { locks } = stage.open()
    const warned: unknown[] = []
    const listen = (warning: Error): void => {
      const { code } = warning as { readonly code?: unknown }
      if (code === 'HOLDFAST_TELEMETRY') warned.push(warning.message)
    }
    process.on('warning', listen)
    stage.atEnd(() => void process.off('warning', listen))
    const register = new Registry()
    const broken = startPrometheus({
      register,
      lockPattern: (name) => {
        if (name === LOCK) throw new Error('no pattern for it')
        return name
      },
    })
    stage.atEnd(() => broken.stop())
    expect(await locks.run(LOCK, () => 'granted')).toBe('granted')
    await becomes(() => warned.length > 0)
    expect(warned).toEqual([expect.stringContaining('no pattern for it')])
    expect(await register.metrics()).not.toContain(`lock="${LOCK}"`)
    expect(await stage.run('codes')).toContain('lockPattern')
    broken.stop()
    const correct = startPrometheus({ register })
    stage.atEnd(() => correct.stop())
    await locks.run(LOCK, () => 'granted')
    expect(await register.metrics()).toContain(`lock="${LOCK}"`)
  },
}
