import { randomUUID } from 'node:crypto'
import type { ModelSettings } from '../model/model-settings.ts'
import { startModelStub } from '../model-stub/model-stub.ts'
import type { WorldOptions } from './options.ts'

/** Slow enough for people to see it write. */
const PAUSE_MS = 40

/** The model of the options, or the stub, which `stack` ends; undefined: none was asked for. */
export async function provideModel(
  options: WorldOptions['model'],
  stack: AsyncDisposableStack,
): Promise<ModelSettings | undefined> {
  if (options === undefined || !('stub' in options)) return options
  const { stub: _, ...limits } = options
  const key = randomUUID()
  const stub = await startModelStub({ key, behave: () => ({ kind: 'answer', pauseMs: PAUSE_MS }) })
  stack.defer(() => stub.close())
  return { ...limits, url: stub.url, key, model: 'rules-not-a-model' }
}
