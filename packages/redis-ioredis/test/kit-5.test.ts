import { Redis } from 'ioredis5'
import { ioredisClient } from '../src/index.ts'
import { kitOver } from './kit-over.ts'

await kitOver<Redis>('ioredis 5', (url) => new Redis(url), ioredisClient)
