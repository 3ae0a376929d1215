import { expect, it } from 'vitest'
import { settle } from '../manual-runtime.ts'
import { createWorld, watched } from './world.ts'

it('takes back what its first claim began when the network repeated that after its answer', async () => {
  const { join, commands } = createWorld()
  const operator = join().idempotency
  await operator.run('job', 'k', () => 'done')
  const { idempotency, link } = join()
  await idempotency.begin('job', 'warm-up')
  const held: (() => Promise<unknown>)[] = []
  link.once('createOrRead', { held: (execute) => void held.push(execute) })
  link.once('compareAndSet', { held: (execute) => void held.push(execute) })
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
  expect(commands).toEqual(['createOrRead k', 'compareAndSet k', 'compareAndDelete k', 'createOrRead k'])
  expect(begun.value).toMatchObject({ status: 'started', execution: { attempt: 1 } })
})
