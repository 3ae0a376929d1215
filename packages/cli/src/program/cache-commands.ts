import type { Command } from 'commander'
import { clearCache } from '../commands/cache/clear.ts'
import { getEntry } from '../commands/cache/get.ts'
import { removeEntries } from '../commands/cache/remove.ts'
import { cacheSize } from '../commands/cache/size.ts'
import type { Finish } from './finish.ts'
import { withConnection, withYes } from './shared-options.ts'

export function addCache(program: Command, finish: Finish): void {
  const cache = program.command('cache').description('the cache: how large it is, what it holds')
  const within = (command: Command): Command =>
    withConnection(command).option('--namespace <path>', 'as cache size shows it', '')
  withConnection(cache.command('size'))
    .description('entries and memory by namespace')
    .action(finish(cacheSize))
  within(cache.command('get').argument('<key>', 'of the entry'))
    .description('one entry: its value, age and tags')
    .action(finish(getEntry))
  withYes(within(cache.command('remove').argument('<keys...>', 'of the entries')))
    .description('remove entries')
    .action(finish(removeEntries))
  withYes(within(cache.command('clear')))
    .description('invalidate all of the cache, or a namespace with those in it')
    .action(finish(clearCache))
}
