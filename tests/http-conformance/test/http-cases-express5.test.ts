import { httpCasesOn } from './node-apps/cases.ts'

httpCasesOn('express5', 'Express 5', 'redis')
