import { createHoldfast, memoryStorage } from '@holdfast/core'
import { startPrometheus } from '@holdfast/telemetry/prometheus'
import { register } from 'prom-client'

const telemetry = startPrometheus() // before createHoldfast: it measures what happens from now on
const holdfast = createHoldfast({ storage: memoryStorage() })

await holdfast.idempotency.run('invoice', 'order-42', () => 'INV-7')

// What a scrape gets; one line of it: holdfast_job_duration_seconds_count{job_type="invoice",outcome="completed"} 1
console.log(await register.metrics())

await holdfast.close()
telemetry.stop()
