import { pathToFileURL } from 'node:url'

/**
 * Loads a module. One that never ends loading would end the program, with a code of Node's; or never, where it keeps a
 * connection open.
 *
 * @throws what the module throws, or an Error that says that it did not end loading
 */
export async function loadModule(path: string, timeoutMs: number): Promise<object> {
  let giveUp = (_why: string): void => {}
  const never = new Promise<never>((_, reject) => {
    giveUp = (why) => reject(new Error(`it does not end loading: ${why}`))
  })
  // Nothing is left to do that could settle it.
  const idle = (): void => giveUp('a top-level await in it, or in what it imports, never settles.')
  const late = (): void => giveUp(`it takes more than ${timeoutMs} ms. See --timeout-ms.`)
  const timer = setTimeout(late, timeoutMs).unref()
  process.once('beforeExit', idle)
  try {
    return (await Promise.race([import(pathToFileURL(path).href), never])) as object
  } finally {
    clearTimeout(timer)
    process.off('beforeExit', idle)
  }
}
