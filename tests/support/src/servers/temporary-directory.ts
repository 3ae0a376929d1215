import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TemporaryDirectory {
  readonly path: string
  remove(): Promise<void>
}

/**
 * A directory that is removed with the end of this process, in any case: a shell waits for the end of its input, which the
 * kernel closes, and then removes the directory. For servers that restart with their data; others have their own.
 */
export function temporaryDirectory(): TemporaryDirectory {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-servers-'))
  const remover = spawn('/bin/sh', ['-c', 'cat >/dev/null; rm -rf "$1"', 'holdfast-remover', path], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  const removed = once(remover, 'close')
  remover.unref()
  ;(remover.stdin as Socket).unref()
  return {
    path,
    async remove() {
      remover.ref()
      remover.stdin.destroy()
      await removed
    },
  }
}
