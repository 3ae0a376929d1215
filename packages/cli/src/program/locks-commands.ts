import type { Command } from 'commander'
import { listLocks } from '../commands/locks/list.ts'
import { revokeLock } from '../commands/locks/revoke.ts'
import { showLock } from '../commands/locks/show.ts'
import { watchLock } from '../commands/locks/watch.ts'
import type { Finish } from './finish.ts'
import { wholeNumber, withConnection, withYes } from './shared-options.ts'

const SEMAPHORE = ['--semaphore', 'the semaphore of this name, not the lock'] as const

export function addLocks(program: Command, finish: Finish): void {
  const locks = program.command('locks').description('locks and semaphores: who holds them, who waits')
  withConnection(locks.command('list'))
    .description('the locks that are held or waited for, the longest held first')
    .option('--limit <n>', 'how many are shown', wholeNumber(1), 100)
    .action(finish(listLocks))
  withConnection(locks.command('show').argument('<name>', 'of the lock'))
    .description('one lock: its holders, and who waits for it')
    .option(...SEMAPHORE)
    .action(finish(showLock))
  withConnection(locks.command('watch').argument('<name>', 'of the lock'))
    .description('the same live, until Ctrl-C')
    .option(...SEMAPHORE)
    .option('--interval-ms <ms>', 'how often it looks', wholeNumber(50), 1_000)
    .action(finish(watchLock))
  withYes(withConnection(locks.command('revoke').argument('<name>', 'of the lock')))
    .description('take a lock away from its holders; the next in line gets it')
    .option(...SEMAPHORE)
    .option('--token <token>', 'only from this holder (see locks show)')
    .action(finish(revokeLock))
}
