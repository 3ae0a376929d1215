import { Redis } from 'ioredis'
import { ioredisClient } from '../src/index.ts'
import { kitOver } from './kit-over.ts'

await kitOver<Redis>('ioredis 6', (url) => new Redis(url), ioredisClient)
