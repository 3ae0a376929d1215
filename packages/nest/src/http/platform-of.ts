import type { ExecutionContext } from '@nestjs/common'
import type { NodeRequest, NodeResponse } from '@holdfast/http'
import { expressPlatform } from './express-platform.ts'
import { type FastifyReply, type FastifyRequest, fastifyPlatform } from './fastify-platform.ts'
import type { Platform } from './platform.ts'

/** Fastify's reply has Node's response under it, Express' response is one, no matter what else a middleware puts on it. */
export function platformOf(context: ExecutionContext): Platform {
  const http = context.switchToHttp()
  const response = http.getResponse<NodeResponse | FastifyReply>()
  return 'writeHead' in response
    ? expressPlatform(http.getRequest<NodeRequest>(), response)
    : fastifyPlatform(http.getRequest<FastifyRequest>(), response)
}
