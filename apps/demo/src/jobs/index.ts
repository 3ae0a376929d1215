import { aiReview } from './ai-review.ts'
import { comprehensiveAnalysis } from './comprehensive-analysis.ts'
import { improvementSuggestions } from './improvement-suggestions.ts'
import type { Job, JobType } from './job.ts'
import { pullRequestSummary } from './pull-request-summary.ts'
import { riskAssessment } from './risk-assessment.ts'

export const JOBS: Readonly<Record<JobType, Job>> = {
  'ai-review': aiReview,
  'risk-assessment': riskAssessment,
  'improvement-suggestions': improvementSuggestions,
  'pull-request-summary': pullRequestSummary,
  'comprehensive-analysis': comprehensiveAnalysis,
}
