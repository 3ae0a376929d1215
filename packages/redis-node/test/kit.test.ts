import { createClient } from 'redis'
import { kitOver } from './kit-over.ts'

await kitOver('redis 6', (url) => createClient({ url }))
