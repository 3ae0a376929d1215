import { createClient } from 'redis5'
import { kitOver } from './kit-over.ts'

await kitOver('redis 5', (url) => createClient({ url }))
