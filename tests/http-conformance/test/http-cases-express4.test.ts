import { httpCasesOn } from './node-apps/cases.ts'

httpCasesOn('express4', 'Express 4', 'ioredis')
