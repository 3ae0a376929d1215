import { describe, expect, it } from 'vitest'
import { settle } from '../manual-runtime.ts'
import { createWorld, started, watched } from './world.ts'

describe('a claim that the network repeats after its answer, when what stood in its way is gone', () => {
  it('is undone by its sender, when the next claim finds it', async () => {
    const { join, commands } = createWorld()
    const operator = join().idempotency
    await operator.run('job', 'k', () => 'done')
    const { idempotency, link } = join()
    await idempotency.begin('job', 'warm-up')
    const held: (() => Promise<unknown>)[] = []
    link.once('create', { held: (execute) => void held.push(execute) })
    link.once('replace', { held: (execute) => void held.push(execute) })
    const begun = watched(idempotency.begin('job', 'k', { onCompleted: 'rerun' }))
    await settle()
    const [claim, rerun] = [held[0], (): unknown => held[1]?.()]
    await claim?.()
    await settle()
    await operator.forget('job', 'k')
    commands.length = 0
    await claim?.()
    await rerun()
    await settle()
    expect(commands).toEqual(['create k', 'replace k', 'compareAndDelete k', 'create k'])
    expect(begun.value).toMatchObject({ status: 'started', execution: { attempt: 1 } })
  })

  it('is undone also by a sender that waits for another process meanwhile', async () => {
    const { runtime, join } = createWorld()
    await started(join().idempotency)
    const { idempotency, link } = join()
    await idempotency.begin('job', 'warm-up')
    let claim: (() => Promise<unknown>) | undefined
    link.once('create', { held: (execute) => (claim = execute) })
    link.deaf = true
    const run = watched(idempotency.run('job', 'k', { onInProgress: 'wait' }, ({ attempt }) => attempt))
    await settle()
    await claim?.()
    await settle()
    await join().idempotency.forget('job', 'k')
    await claim?.()
    await runtime.advance(2_500)
    expect(run).toMatchObject({ state: 'resolved', value: { status: 'executed', result: 1 } })
  })
})
