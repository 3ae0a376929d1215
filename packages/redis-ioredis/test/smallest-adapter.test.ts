import { Redis } from 'ioredis'
import { kitOver } from './kit-over.ts'
import { smallestAdapter } from './smallest-adapter.ts'

await kitOver<Redis>('the smallest adapter', (url) => new Redis(url), smallestAdapter)
