import { httpCasesOn } from './node-apps/cases.ts'

httpCasesOn('node', 'node:http', 'ioredis')
