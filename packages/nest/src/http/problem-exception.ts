import { HttpException } from '@nestjs/common'
import type { HttpResponse, ProblemDocument } from '@holdfast/http'

/**
 * Thrown after an idempotent route has refused a request: interceptors and exception filters see it, to count, log or
 * roll back. The answer, a problem document, was sent by then; what they send is ignored.
 */
export class IdempotencyProblemException extends HttpException {
  readonly problem: ProblemDocument

  constructor({ status, body }: HttpResponse) {
    const problem = JSON.parse(Buffer.from(body ?? []).toString()) as ProblemDocument
    super({ ...problem }, status, { description: problem.title })
    this.problem = problem
  }
}
