import { httpCasesOn } from './kit/cases.ts'

httpCasesOn('fastify', 'redis')
