import type { HangfireServerEvent, HangfireWarning } from '@holdfast/hangfire-compat'
import type { HttpIdempotencyEvent } from '@holdfast/http'
import type { HangfireEvent } from '../src/folds/hangfire.ts'
import type { HttpEvent } from '../src/folds/http.ts'

// What is measured is what these packages publish. (Core's own events are imported where they are used.)
const ofHttp = (event: HttpIdempotencyEvent): HttpEvent => event
const ofHangfire = (event: HangfireServerEvent | HangfireWarning): HangfireEvent => event
void [ofHttp, ofHangfire]
