import { Redis } from 'ioredis5'
import { kitOver } from './kit-over.ts'

await kitOver('ioredis 5', (url) => new Redis(url))
