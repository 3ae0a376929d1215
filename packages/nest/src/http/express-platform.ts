import {
  NODE_WRITERS,
  type NodeRequest,
  type NodeResponse,
  captureNodeResponse,
  isAnswered,
  nodeRequestFacts,
  sendResponse,
  sent,
  setHeaders,
  silence,
} from '@holdfast/http'
import type { Platform } from './platform.ts'

const EXPRESS_WRITERS = ['send', 'json', 'jsonp', 'sendStatus', 'sendFile', 'download', 'render', 'redirect']

/** Express 4 and 5. */
export function expressPlatform(request: NodeRequest, response: NodeResponse): Platform {
  return {
    request,
    response,
    raw: response,
    facts: () => nodeRequestFacts(request),
    setHeaders: (headers) => setHeaders(response, headers),
    isAnswered: () => isAnswered(response),

    async answer(given) {
      sendResponse(response, given)
      await this.ignoreOthers()
    },

    async ignoreOthers() {
      await sent(response)
      silence(response, [...EXPRESS_WRITERS, ...NODE_WRITERS], response)
    },

    capture(handled, limits) {
      captureNodeResponse(response, handled, limits)
    },
  }
}
