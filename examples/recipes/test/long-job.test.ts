import { describe, expect, it } from 'vitest'
import { Programs } from './program.ts'

const IMPORT = 'long-job/import.ts 2026-11'
const page = (attempt: number) => new RegExp(`^2026-11 page (\\d+) attempt ${attempt}$`)
const numbers = (matches: readonly RegExpExecArray[]): number[] => matches.map(([, number]) => Number(number))

describe.concurrent('a long job', () => {
  it('goes on at the last checkpoint when the process that had it is killed', async () => {
    await using programs = new Programs('long', { PAGES: '40', WORK_MS: '20' })
    const killed = programs.start(IMPORT, { LEASE_MS: '5000' })
    await killed.until(page(1), 3)
    killed.kill('SIGKILL')
    await killed.ended
    const next = programs.start(IMPORT)
    await next.until(/^executed 4000$/)
    expect(await next.ended).toBe(0)
    expect(await programs.commandsOf('long-job')).toEqual([0, 0])

    const begun = Math.max(...numbers(killed.matches(page(1))))
    const [first = -1, ...others] = numbers(next.matches(page(2)))
    // The page that was at work, or the one after it: at most one page is done twice, and none is left out.
    expect([begun, begun + 1]).toContain(first)
    expect(others).toEqual(Array.from({ length: 39 - first }, (_, index) => first + 1 + index))
  })

  it('goes on elsewhere as the same attempt when the process is stopped', async () => {
    await using programs = new Programs('long', { PAGES: '40', WORK_MS: '20', LEASE_MS: '86400000' })
    const stopped = programs.start(IMPORT)
    await stopped.until(page(1), 5)
    stopped.kill('SIGTERM')
    expect(await stopped.ended).toBe(75)
    const next = programs.start(IMPORT)
    await next.until(/^executed 4000$/)
    expect(numbers(next.matches(page(1)))[0]).toBeGreaterThan(3)
  })

  it('refuses the checkpoint of a process that was frozen while another one took over', async () => {
    await using programs = new Programs('long', { PAGES: '40' })
    const frozen = programs.start(IMPORT, { WORK_MS: '20', LEASE_MS: '5000' })
    await frozen.until(page(1), 2)
    frozen.kill('SIGSTOP')
    const next = programs.start(IMPORT, { WORK_MS: '1' })
    await next.until(/^executed 4000$/)
    frozen.kill('SIGCONT')
    expect(await frozen.ended).toBe(75)
    expect(frozen.lines.at(-1)).toMatch(/^ended LEASE_LOST/)
  })
})
