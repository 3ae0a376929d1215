import { Redis } from 'ioredis'
import { kitOver } from './kit-over.ts'

await kitOver('ioredis 6', (url) => new Redis(url))
