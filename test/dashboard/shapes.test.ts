import t from 'tap'
import type { Static } from 'typebox'
import type { LineBody } from '../../src/audit/schemas.ts'
import type { BulkBody, DryRun } from '../../src/bulk/schemas.ts'
import type * as shown from '../../src/dashboard/state/service/shapes.ts'
import { messageTypes as offered } from '../../src/dashboard/words/webhook.ts'
import { messageTypes } from '../../src/database/tables.ts'
import type { Finding } from '../../src/doctor/finding.ts'
import type { CurrentProblem, ProblemRecord, SilenceBody } from '../../src/doctor/schemas.ts'
import type { AboutBody } from '../../src/http/about.ts'
import type { KeyBody } from '../../src/keys/schemas.ts'
import type { OpenSession, SessionBody } from '../../src/keys/sessions/schemas.ts'
import type { KindBody } from '../../src/kinds/schemas.ts'
import type { QueueRow } from '../../src/queues/queries.ts'
import type { OccurrenceBody, Preview, ScheduleBody } from '../../src/schedules/schemas.ts'
import type { Sent } from '../../src/schema/sent.ts'
import type { AttemptBody } from '../../src/tasks/attempts/schemas.ts'
import type { ErrorGroup, FailedTask } from '../../src/tasks/failures/groups.ts'
import type { LogBody } from '../../src/tasks/log/schemas.ts'
import type { Timeline } from '../../src/tasks/read/schemas.ts'
import type { TimelineItem } from '../../src/tasks/read/timeline.ts'
import type { TaskBody, TaskPage } from '../../src/tasks/schemas.ts'
import type { WhyBody } from '../../src/tasks/why/routes.ts'
import type { Links, SigningKeyBody } from '../../src/videos/playback/schemas.ts'
import type { VideoBody } from '../../src/videos/schemas.ts'
import type { DeliveryBody, WebhookBody } from '../../src/webhooks/schemas.ts'
import type { WorkerBody } from '../../src/workers/schemas.ts'

/** Compiles only if what the API answers has all that pages read. */
const fits = <Answer extends Page, Page>() => Boolean as unknown as [Answer, Page]

t.test('what pages read is what the routes answer', async t => {
  const pairs = [
    fits<Sent<TaskBody>, shown.Task>(),
    fits<Sent<TaskPage>, shown.TaskPage>(),
    fits<Sent<AttemptBody>, shown.Attempt>(),
    fits<LogBody['items'][number], shown.AttemptLog>(),
    fits<Sent<WhyBody>, shown.Why>(),
    fits<Sent<CurrentProblem>, shown.Problem>(),
    fits<Sent<ProblemRecord>, shown.ProblemRecord>(),
    fits<Sent<SilenceBody>, shown.Silence>(),
    fits<Sent<Finding>, shown.Finding>(),
    fits<Sent<AboutBody>, shown.About>(),
    fits<Sent<KindBody>, shown.Kind>(),
    fits<Sent<QueueRow>, shown.Queue>(),
    fits<Sent<WorkerBody>, shown.Worker>(),
    fits<Sent<ScheduleBody>, shown.Schedule>(),
    fits<Sent<OccurrenceBody>, shown.Occurrence>(),
    fits<Sent<VideoBody>, shown.Video>(),
    fits<Sent<TimelineItem>, shown.TimelineItem>(),
    fits<Sent<ErrorGroup>, shown.ErrorGroup>(),
    fits<Sent<FailedTask>, shown.FailedTask>(),
    fits<Sent<SigningKeyBody>, shown.SigningKey>(),
    fits<Sent<Links>, shown.Links>(),
    fits<Sent<LineBody>, shown.AuditLine>(),
    fits<Sent<BulkBody>, shown.BulkOperation>(),
    fits<Sent<Static<typeof DryRun>>, shown.DryRun>(),
    fits<Sent<KeyBody>, shown.Key>(),
    fits<Sent<SessionBody>, shown.Session>(),
    fits<Sent<OpenSession>, shown.OpenSession>(),
    fits<Sent<WebhookBody>, shown.Webhook>(),
    fits<Sent<DeliveryBody>, shown.Delivery>(),
    fits<Sent<Static<typeof Preview>>, shown.Preview>(),
    fits<Sent<Static<typeof Timeline>>, shown.Timeline>()
  ]

  t.equal(pairs.length, 31, 'the compiler compares them')
})

t.test('a webhook can be told of every type but tests, which are sent by a button', t => {
  t.strictSame(
    offered,
    messageTypes.filter(type => type !== 'webhook.test')
  )
  t.end()
})
