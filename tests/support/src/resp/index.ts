export { connectTo, type Address } from './address.ts'
export { ask, RespConnection } from './connection.ts'
export { ReplyParser, RespError, type RespReply, type RespValue } from './reply-parser.ts'
export { RequestParser, type RespRequest } from './request-parser.ts'
