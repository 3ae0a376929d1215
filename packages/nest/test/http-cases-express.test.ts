import { httpCasesOn } from './kit/cases.ts'

httpCasesOn('express', 'ioredis')
