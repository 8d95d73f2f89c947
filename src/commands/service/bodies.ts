/** What the API answers, from the schemas that its routes check. Only types: a command loads none of them. */
import type { Static } from 'typebox'
import type { LineBody } from '#audit/schemas.ts'
import type { BulkBody, DryRun as DryRunSchema } from '#bulk/schemas.ts'
import type { Finding as FindingBody } from '#doctor/finding.ts'
import type { CurrentProblem, ProblemRecord as RecordBody, SilenceBody } from '#doctor/schemas.ts'
import type { OpenSession } from '#keys/sessions/schemas.ts'
import type { QueueRow } from '#queues/queries.ts'
import type { OccurrenceBody, Preview as PreviewSchema } from '#schedules/schemas.ts'
import type { Sent } from '#schema/sent.ts'
import type { FailedTask as FailedRow, ErrorGroup as GroupRow } from '#tasks/failures/groups.ts'
import type { LogBody } from '#tasks/log/schemas.ts'
import type { TimelineItem as ItemBody } from '#tasks/read/timeline.ts'
import type { WhyBody } from '#tasks/why/routes.ts'
import type { DeliveryBody, Replayed as ReplayedSchema, WebhookBody } from '#webhooks/schemas.ts'
import type { WorkerBody } from '#workers/schemas.ts'

export type AttemptLog = LogBody['items'][number]
export type AuditLine = Sent<LineBody>
export type BulkOperation = Sent<BulkBody>
export type Delivery = Sent<DeliveryBody>
export type DryRun = Sent<Static<typeof DryRunSchema>>
export type ErrorGroup = Sent<GroupRow>
export type FailedTask = Sent<FailedRow>
export type Finding = Sent<FindingBody>
export type Occurrence = Sent<OccurrenceBody>
export type Preview = Static<typeof PreviewSchema>
export type Problem = Sent<CurrentProblem>
export type ProblemRecord = Sent<RecordBody>
export type Queue = Sent<QueueRow>
export type Replayed = Static<typeof ReplayedSchema>
export type Session = Sent<OpenSession>
export type Silence = Sent<SilenceBody>
export type TimelineItem = Sent<ItemBody>
export type Webhook = Sent<WebhookBody>
export type Why = Sent<WhyBody>
export type Worker = Sent<WorkerBody>
