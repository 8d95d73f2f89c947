import t from 'tap'
import type { Static } from 'typebox'
import type { LineBody } from '../../src/audit/schemas.ts'
import type { BulkBody, DryRun } from '../../src/bulk/schemas.ts'
import type { Line } from '../../src/commands/audit.ts'
import type * as bulk from '../../src/commands/bulk/bodies.ts'
import type * as doctor from '../../src/commands/doctor.ts'
import type { Problem } from '../../src/commands/problem/list.ts'
import type { Queue } from '../../src/commands/queue/list.ts'
import type { Schedule } from '../../src/commands/schedule/body.ts'
import type { Moment } from '../../src/commands/schedule/preview.ts'
import type { Occurrence } from '../../src/commands/schedule/show.ts'
import type { Delivery } from '../../src/commands/webhook/deliveries.ts'
import type { Webhook } from '../../src/commands/webhook/list.ts'
import type { Worker } from '../../src/commands/worker/list.ts'
import type { Finding } from '../../src/doctor/finding.ts'
import type { CurrentProblem } from '../../src/doctor/schemas.ts'
import type { QueueRow } from '../../src/queues/queries.ts'
import type { OccurrenceBody, Preview, ScheduleBody } from '../../src/schedules/schemas.ts'
import type { DeliveryBody, WebhookBody } from '../../src/webhooks/schemas.ts'
import type { WorkerBody } from '../../src/workers/schemas.ts'
import { fits, type Sent } from '../harness/sent.ts'

t.test('what commands read is what the routes answer', async t => {
  const pairs = [
    fits<Omit<Sent<LineBody>, 'detail'>, Omit<Line, 'detail'>>(),
    fits<Sent<BulkBody>, bulk.BulkOperation>(),
    fits<Sent<Static<typeof DryRun>>, bulk.DryRun>(),
    fits<Sent<Finding>, doctor.Finding>(),
    fits<Sent<CurrentProblem>, doctor.Problem>(),
    fits<Sent<CurrentProblem>, Problem>(),
    fits<Sent<QueueRow>, Queue>(),
    fits<Sent<ScheduleBody>, Schedule>(),
    fits<Sent<OccurrenceBody>, Occurrence>(),
    fits<Sent<Static<typeof Preview>['items'][number]>, Moment>(),
    fits<Sent<WebhookBody>, Webhook>(),
    fits<Sent<DeliveryBody>, Delivery>(),
    fits<Sent<WorkerBody>, Worker>()
  ]

  t.equal(pairs.length, 13, 'the compiler compares them')
})
