import type { ColumnType, Generated, GeneratedAlways, Insertable, Selectable } from 'kysely'

/**
 * The schema in TypeScript; a test compares it with the real one. `Json` columns are written as text: node-postgres
 * would turn a JavaScript array into a Postgres array.
 */
export interface Tables {
  tasks: TasksTable
  attempts: AttemptsTable
  attempt_logs: AttemptLogsTable
  films: FilmsTable
  print_sets: PrintSetsTable
  prints: PrintsTable
  extras: ExtrasTable
  rungs: RungsTable
  uploads: UploadsTable
  installation: InstallationTable
  videos: VideosView
  renditions: RenditionsView
  streams: StreamsView
  film_plans: FilmPlansTable
  film_parts: FilmPartsTable
  workers: WorkersTable
  events: EventsTable
  queues: QueuesTable
  idempotency_keys: IdempotencyKeysTable
  deadlines: DeadlinesTable
  schedules: SchedulesTable
  occurrences: OccurrencesTable
  declared_schedules: DeclaredSchedulesTable
  kinds: KindsTable
  minutes: MinutesTable
  hours: HoursTable
  queue_minutes: QueueMinutesTable
  queue_hours: QueueHoursTable
  uncounted: UncountedTable
  bulk_operations: BulkOperationsTable
  bulk_items: BulkItemsTable
  problems: ProblemsTable
  problem_turn: ProblemTurnTable
  problem_silences: ProblemSilencesTable
  signing_keys: SigningKeysTable
  webhooks: WebhooksTable
  webhook_messages: WebhookMessagesTable
  webhook_attempts: WebhookAttemptsTable
  api_keys: ApiKeysTable
  sessions: SessionsTable
  audit: AuditTable
  audit_seals: AuditSealsTable
  acts: ActsTable
  'pgboss.job': JobTable
  'pgboss.queue': QueueTable
}

export const states = ['PENDING', 'STARTED', 'RETRY', 'SUCCESS', 'FAILURE', 'REVOKED'] as const
export type State = (typeof states)[number]

export const attemptOutcomes = [
  'success',
  'failure',
  'soft_time_limit',
  'time_limit',
  'crashed',
  'stalled',
  'cancelled',
  'shutdown'
] as const
export type AttemptOutcome = (typeof attemptOutcomes)[number]

export const missedPolicies = ['skip', 'once', 'all'] as const
export type MissedPolicy = (typeof missedPolicies)[number]
export const overlapPolicies = ['allow', 'skip'] as const
export type OverlapPolicy = (typeof overlapPolicies)[number]
export const occurrenceOutcomes = ['fired', 'skipped', 'coalesced'] as const
export type OccurrenceOutcome = (typeof occurrenceOutcomes)[number]
export const skipReasons = ['overlap', 'missed', 'too_many', 'paused', 'queue_gone'] as const
export type SkipReason = (typeof skipReasons)[number]

/** For whom what is made of a film is: for all, or for keys and links alone. */
export type Playback = 'public' | 'signed'
export type VideoStatus = 'uploaded' | 'processing' | 'ready' | 'failed'
export type PrintStatus = 'ready' | 'skipped'
export type RenditionStatus = 'pending' | 'processing' | 'ready' | 'skipped' | 'failed'

export interface TaskError {
  type: string
  message: string
}

/** With the body's stack trace, where an exception ended the attempt. */
export interface AttemptError extends TaskError {
  stack?: string
}

type Json<T = unknown> = ColumnType<T, string, string>
type NullableJson<T = unknown> = ColumnType<T | null, string | null | undefined, string | null>
type Nullable<T> = ColumnType<T | null, T | null | undefined, T | null>

export interface TasksTable {
  id: string
  task: string
  queue: string
  state: Generated<State>
  name: Nullable<string>
  description: Nullable<string>
  priority: Generated<number>
  args: Json
  attempts: Generated<number>
  failures: Generated<number>
  crashes: Generated<number>
  outages: Generated<number>
  max_retries: Generated<number>
  retry_delay: Nullable<number>
  retry_backoff: Nullable<boolean>
  retry_backoff_max: Nullable<number>
  retry_jitter: Nullable<boolean>
  time_limit: Nullable<number>
  soft_time_limit: Nullable<number>
  result_expires: number
  progress: Nullable<number>
  progress_detail: NullableJson
  error: NullableJson<TaskError>
  eta: Nullable<Date>
  expires_at: Nullable<Date>
  created_at: Generated<Date>
  started_at: Nullable<Date>
  cancel_requested_at: Nullable<Date>
  finished_at: Nullable<Date>
  worker: Nullable<string>
  tags: Generated<string[]>
  schedule_id: Nullable<string>
  video_id: Nullable<string>
  request_id: Nullable<string>
  traceparent: Nullable<string>
  created_by: Nullable<string>
  owner: Nullable<string>
  webhook_id: Nullable<string>
}

export interface AttemptsTable {
  task_id: string
  number: number
  worker: Nullable<string>
  started_at: Date
  finished_at: Generated<Date>
  outcome: AttemptOutcome
  error: NullableJson<AttemptError>
  exit_code: Nullable<number>
  signal: Nullable<string>
  peak_memory: Nullable<number>
  stderr: Nullable<string>
}

interface AttemptLogsTable {
  task_id: string
  attempt: number
  said: number
  tail: string
  at: Generated<Date>
}

export interface FilmsTable {
  id: string
  filename: string
  bytes: number
  sha256: string
  task_id: string
  print_set_id: Nullable<string>
  error: NullableJson<TaskError>
  original_expired_at: Nullable<Date>
  created_by: Nullable<string>
  owner: Nullable<string>
  playback_epoch: Generated<number>
  playback: Nullable<Playback>
  created_at: Generated<Date>
}

export interface PrintSetsTable {
  id: string
  video_id: string
  task_id: string
  attempt: number
  probe: Json
  made_at: Generated<Date>
  hls: Generated<boolean>
}

export interface PrintsTable {
  set_id: string
  name: string
  status: PrintStatus
  reason: Nullable<string>
  width: Nullable<number>
  height: Nullable<number>
  bytes: Nullable<number>
  bitrate: Nullable<number>
  codec: Nullable<string>
  duration: Nullable<number>
  storage_key: Nullable<string>
}

export interface ExtrasTable {
  set_id: string
  name: string
  language: Nullable<string>
  width: Nullable<number>
  height: Nullable<number>
  bytes: number
  storage_key: string
}

interface RungsTable {
  name: string
}

export interface UploadsTable {
  id: string
  filename: string
  metadata: Generated<string>
  length: Nullable<number>
  received: Generated<number>
  written_by: Nullable<string>
  lease: Nullable<string>
  leased_until: Nullable<Date>
  video_id: Nullable<string>
  request_id: Nullable<string>
  owner: Nullable<string>
  created_at: Generated<Date>
  expires_at: Date
}

export interface InstallationTable {
  id: string
  host: string
  data_dir: string
  created_at: Generated<Date>
  single: Generated<boolean>
}

/** Postgres does not report which columns of a view may be null; these are. */
export interface VideosView {
  id: string
  filename: string
  bytes: number
  sha256: string
  status: VideoStatus
  processed: boolean
  progress: Nullable<number>
  task_id: string
  error: NullableJson<TaskError>
  probe: NullableJson
  created_at: Date
  ready_at: Nullable<Date>
  created_by: Nullable<string>
  owner: Nullable<string>
  playback_epoch: number
  playback: Nullable<Playback>
}

export interface RenditionsView {
  video_id: string
  name: string
  status: RenditionStatus
  reason: Nullable<string>
  width: Nullable<number>
  height: Nullable<number>
  bytes: Nullable<number>
  bitrate: Nullable<number>
  codec: Nullable<string>
  duration: Nullable<number>
  storage_key: Nullable<string>
}

export interface StreamsView {
  video_id: string
  task_id: string
  attempt: number
  complete: boolean
}

interface FailedPart {
  error: TaskError
  outcome: string | null
  stderr: string | null
}

export interface FilmPlansTable {
  task_id: string
  video_id: string
  attempt: number
  plan: string
  seconds: number
  worker: string | null
  failed: NullableJson<FailedPart>
  alone: string | null
  made_at: Generated<Date>
}

export interface FilmPartsTable {
  task_id: string
  role: 'picture' | 'sound' | 'join'
  number: Generated<number>
  frames: number | null
  part_task: string | null
  made: string | null
  rungs: NullableJson
  made_at: Date | null
}

export interface SchedulesTable {
  id: string
  name: string
  task: string
  args: Json
  queue: Nullable<string>
  priority: Nullable<number>
  options: Json
  template: Json
  cron: Nullable<string>
  every: Nullable<number>
  at: Nullable<Date>
  timezone: Generated<string>
  start_at: Nullable<Date>
  end_at: Nullable<Date>
  jitter: Generated<number>
  enabled: Generated<boolean>
  one_off: Generated<boolean>
  missed: Generated<MissedPolicy>
  missed_max: Generated<number>
  overlap: Generated<OverlapPolicy>
  description: Nullable<string>
  note: Nullable<string>
  tags: Generated<string[]>
  system: Generated<boolean>
  created_at: Generated<Date>
  updated_at: Generated<Date>
  disabled_at: Nullable<Date>
  next_run_at: Nullable<Date>
  planned_at: Nullable<Date>
  armed_for: Nullable<Date>
  tzdata: Nullable<string>
  refusal: Nullable<string>
  last_run_at: Nullable<Date>
  last_task_id: Nullable<string>
  total_run_count: Generated<number>
  total_skipped: Generated<number>
}

export interface OccurrencesTable {
  schedule_id: string
  due_at: Date
  outcome: OccurrenceOutcome
  reason: Nullable<SkipReason>
  task_id: Nullable<string>
  decided_at: Generated<Date>
  manual: Generated<boolean>
  until: Nullable<Date>
  count: Generated<number>
}

export interface DeclaredSchedulesTable {
  name: string
  schedule_id: string
  declaration: Json
  file: string
  kind: string
  declared_at: Generated<Date>
  gone_at: Nullable<Date>
}

export interface KindsTable {
  name: string
  description: Nullable<string>
  queue: string
  priority: number
  max_retries: number
  retry_delay: number
  retry_backoff: boolean
  retry_backoff_max: number
  retry_jitter: boolean
  time_limit: Nullable<number>
  soft_time_limit: Nullable<number>
  stall_limit: Nullable<number>
  result_expires: number
  pool: 'child' | 'inline'
  internal: boolean
  args: Json
  updated_at: Generated<Date>
}

export interface MinutesTable {
  minute: Date
  task: string
  queue: string
  created: Generated<number>
  started: Generated<number>
  succeeded: Generated<number>
  failed: Generated<number>
  retried: Generated<number>
  cancelled: Generated<number>
  wait_hist: Generated<number[]>
  run_hist: Generated<number[]>
}

export interface HoursTable {
  hour: Date
  task: string
  queue: string
  created: Generated<number>
  started: Generated<number>
  succeeded: Generated<number>
  failed: Generated<number>
  retried: Generated<number>
  cancelled: Generated<number>
  wait_hist: Generated<number[]>
  run_hist: Generated<number[]>
}

export interface QueueMinutesTable {
  minute: Date
  queue: string
  depth: number
  oldest: number
  running: number
  next_sample_at: Date
}

export interface QueueHoursTable {
  hour: Date
  queue: string
  depth: number
  oldest: number
  running: number
}

export interface UncountedTable {
  minute: Date
  task: string
  queue: string
  created: Generated<number>
  cancelled: Generated<number>
  succeeded: Generated<number>
  failed: Generated<number>
}

export interface WorkersTable {
  id: string
  host: string
  machine: Generated<string>
  pid: number
  version: string
  queues: string[]
  kinds: Generated<string[]>
  inline_kinds: Generated<string[]>
  withheld_kinds: Generated<string[]>
  media_sandbox: NullableJson
  concurrency: number
  children: Generated<number>
  paused_at: Nullable<Date>
  shutdown: Nullable<'warm' | 'cold'>
  tasks: Json
  memory: Nullable<number>
  cpu: Nullable<number>
  status: Generated<'running' | 'stopped' | 'lost'>
  started_at: Generated<Date>
  heartbeat_at: Generated<Date>
  stopped_at: Nullable<Date>
}

export interface EventsTable {
  id: GeneratedAlways<number>
  task_id: string
  at: Generated<Date>
  state: State
  attempt: Generated<number>
  error: NullableJson<TaskError>
  edited: NullableJson
}

export interface QueuesTable {
  name: string
  paused_at: Generated<Date>
  paused_by: string | null
  reason: string | null
  until: Date | null
}

export interface IdempotencyKeysTable {
  key_id: Generated<string>
  key: string
  request: Buffer
  answer: NullableJson
  created_at: Generated<Date>
}

export interface DeadlinesTable {
  expires_at: Date
  task_id: string
}

export interface SigningKeysTable {
  kid: string
  name: string
  created_at: Generated<Date>
  retired_at: Nullable<Date>
}

export const messageTypes = [
  'task.completed',
  'task.failed',
  'task.cancelled',
  'video.ready',
  'video.failed',
  'video.deleted',
  'queue.paused',
  'webhook.disabled',
  'problem.opened',
  'problem.closed',
  'webhook.test'
] as const
export type MessageType = (typeof messageTypes)[number]

export const disabledReasons = ['request', 'gone', 'failing'] as const
export type DisabledReason = (typeof disabledReasons)[number]

export const bulkActions = ['retry', 'cancel', 'forget', 'move', 'undo'] as const
export type BulkAction = (typeof bulkActions)[number]

export interface BulkOperationsTable {
  id: string
  action: BulkAction
  filter: Json
  sight: Json
  queue: string | null
  over: number | null
  expected: number
  is_exact: boolean
  undo_of: string | null
  task_id: string
  created_by: string | null
  created_at: Generated<Date>
  started_at: Date | null
  abort_at: Date | null
  finished_at: Date | null
  place_at: Generated<Date>
  place_id: Generated<string>
  done: Generated<number>
  skipped: Json
}

export interface BulkItemsTable {
  operation_id: string
  task_id: string
  state: State
  queue: string
  attempts: number
  failures: number
  crashes: number
  outages: number
  progress: number | null
  progress_detail: Json | null
  error: Json | null
  eta: Date | null
  expires_at: Date | null
  started_at: Date | null
  finished_at: Date | null
  cancel_requested_at: Date | null
  worker: string | null
}

export const severities = ['critical', 'warning', 'notice'] as const
export type Severity = (typeof severities)[number]

export interface ProblemsTable {
  id: string
  code: string
  subject_type: string
  subject_id: string
  sentence: string
  severity: Severity
  since: Nullable<Date>
  actions: Json
  first_seen_at: Date
  severity_at: Date
  last_seen_at: Date
  opened_at: Nullable<Date>
  gone_at: Nullable<Date>
  closed_at: Nullable<Date>
  told_at: Nullable<Date>
  told_severity: Nullable<Severity>
  flaps: Generated<number>
}

export interface ProblemTurnTable {
  one: Generated<boolean>
  looker: Nullable<string>
  next_look_at: Generated<Date>
}

export interface ProblemSilencesTable {
  id: string
  code: string
  subject_type: Nullable<string>
  subject_id: Nullable<string>
  until: Date
  reason: Nullable<string>
  created_by: Nullable<string>
  created_at: Generated<Date>
}

export interface WebhooksTable {
  id: string
  url: string
  description: Nullable<string>
  types: MessageType[]
  queues: Nullable<string[]>
  tasks: Nullable<string[]>
  include: Generated<'result'[]>
  ordered: Generated<boolean>
  enabled: Generated<boolean>
  disabled_reason: Nullable<DisabledReason>
  disabled_at: Nullable<Date>
  failures: Generated<number>
  failing_since: Nullable<Date>
  secret: Buffer
  old_secret: Nullable<Buffer>
  old_secret_until: Nullable<Date>
  created_at: Generated<Date>
  updated_at: Generated<Date>
}

export interface WebhookMessagesTable {
  id: string
  webhook_id: string
  sequence: GeneratedAlways<number>
  type: MessageType
  subject: Nullable<string>
  task_id: Nullable<string>
  video_id: Nullable<string>
  traceparent: Nullable<string>
  data: Json
  created_at: Generated<Date>
  attempts: Generated<number>
  tries: Generated<number>
  next_at: Nullable<Date>
  lease: Nullable<string>
  leased_until: Nullable<Date>
  delivered_at: Nullable<Date>
}

export interface WebhookAttemptsTable {
  message_id: string
  number: number
  at: Date
  ms: number
  status: Nullable<number>
  error: Nullable<string>
  answer: Nullable<string>
  address: Nullable<string>
}

export interface ApiKeysTable {
  id: string
  name: string
  family: string
  hash: Buffer
  scopes: string[]
  limits: Json<object>
  created_at: Generated<Date>
  created_by: Nullable<string>
  expires_at: Nullable<Date>
  last_used_at: Nullable<Date>
  revoked_at: Nullable<Date>
  revoked_by: Nullable<string>
  replaced_by: Nullable<string>
}

export interface SessionsTable {
  id: string
  hash: Buffer
  key_id: string
  created_at: Generated<Date>
  seen_at: Generated<Date>
  expires_at: Date
  address: Nullable<string>
  agent: Nullable<string>
}

export interface AuditTable {
  number: GeneratedAlways<number>
  id: Generated<string>
  at: Generated<Date>
  actor_kind: string
  actor_id: Nullable<string>
  actor_name: Nullable<string>
  ip: Nullable<string>
  request_id: Nullable<string>
  action: string
  target_type: string
  target_id: Nullable<string>
  outcome: Generated<'done' | 'refused'>
  detail: Json
}

export interface AuditSealsTable {
  number: number
  sealed_at: Generated<Date>
  first: number
  last: number
  lines: number
  previous: string
  sha256: string
}

export interface ActsTable {
  number: GeneratedAlways<number>
  xid: Generated<string>
  first: boolean
  at: Generated<Date>
  actor_name: string
  ip: Nullable<string>
  action: string
  target_type: string
  target_id: Nullable<string>
  count: number
  detail: Json
}

/** The pg-boss columns that we read; pg-boss's own calls and `tasks/` write them. */
export interface JobTable {
  id: GeneratedAlways<string>
  name: GeneratedAlways<string>
  state: GeneratedAlways<'created' | 'retry' | 'active' | 'completed' | 'cancelled' | 'failed'>
  output: GeneratedAlways<unknown>
  start_after: GeneratedAlways<Date>
  completed_on: GeneratedAlways<Date | null>
  deletion_seconds: GeneratedAlways<number>
}

export interface QueueTable {
  name: GeneratedAlways<string>
  table_name: GeneratedAlways<string>
}

export type Task = Selectable<TasksTable>
export type Video = Selectable<VideosView>
export type Rendition = Selectable<RenditionsView>
export type NewFilm = Insertable<FilmsTable>
export type NewExtra = Insertable<ExtrasTable>
export type NewPrint = Insertable<PrintsTable>
