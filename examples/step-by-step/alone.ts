import { once } from 'node:events'
import { appendFile } from 'node:fs/promises'

const name = process.argv[2] ?? 'A'

console.log(`${name} has drawn the invoice of order-42. Press Enter to mail it.`)
await once(process.stdin, 'data')
await appendFile('mails.txt', `the invoice of order-42, from ${name}\n`)
console.log('mailed')

process.stdin.pause()
