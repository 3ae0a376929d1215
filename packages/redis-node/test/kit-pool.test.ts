import { createClientPool } from 'redis'
import { kitOver } from './kit-over.ts'

await kitOver('redis 6, a pool', (url) => createClientPool({ url }, { minimum: 2, maximum: 4 }))
