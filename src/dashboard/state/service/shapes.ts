/** What the API answers, as far as pages read it. A test compares it with the schemas of the routes. */

export const statuses = ['SCHEDULED', 'PENDING', 'PROCESSING', 'RETRYING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const
export type Status = (typeof statuses)[number]

export interface Failure {
  type: string
  message: string
}

export interface Task {
  id: string
  task: string
  name: string | null
  description: string | null
  queue: string
  priority: number
  args: unknown
  state: string
  status: Status
  progress: number | null
  progress_detail: unknown
  result: unknown
  result_expires_at: string | null
  error: Failure | null
  attempts: number
  max_retries: number
  eta: string | null
  expires_at: string | null
  created_at: string
  started_at: string | null
  finished_at: string | null
  worker: string | null
  tags: string[]
  schedule_id: string | null
  video_id: string | null
  created_by: string | null
  traceparent: string | null
}

export interface Page<T> {
  items: T[]
  next_cursor: string | null
  prev_cursor?: string | null
}

export interface TaskPage extends Page<Task> {
  searched_until: string | null
}

export interface Counts {
  items: { status?: string; count: number; exact: boolean }[]
  searched_until: string | null
}

/** Of each status so many. */
export interface Histogram {
  items: { at: string; [status: string]: string | number }[]
  step: number
  searched_until: string | null
}

export interface BulkBy {
  status: string
  task: string
  queue: string
  count: number
  exact: boolean
}

export interface DryRun {
  count: number
  exact: boolean
  by: BulkBy[]
  skipped: BulkBy[]
  samples: Task[]
  preview: string
}

export interface BulkOperation {
  id: string
  action: 'retry' | 'cancel' | 'forget' | 'move' | 'undo'
  status: 'waiting' | 'running' | 'completed' | 'aborted' | 'failed'
  filter: Record<string, unknown>
  queue: string | null
  over: number | null
  progress: number
  expected: number
  exact: boolean
  done: number
  skipped: { reason: string; count: number }[]
  undo_of: string | null
  undone_by: string | null
  can_undo: boolean
  task_id: string
  created_by: string | null
  created_at: string
  started_at: string | null
  finished_at: string | null
}

export interface Attempt {
  number: number
  worker: string | null
  started_at: string
  finished_at: string | null
  outcome: string | null
  error: (Failure & { stack: string | null }) | null
  exit_code: number | null
  signal: string | null
  peak_memory: number | null
  stderr: string | null
}

export interface AttemptLog {
  attempt: number
  from: number | null
  text: string
  ended: boolean
}

export interface TimelineItem {
  type: 'wait' | 'attempt' | 'event'
  at: string
  until: string | null
  reason: string | null
  attempt: number | null
  worker: string | null
  outcome: string | null
  time_limit: number | null
  state: string | null
  error: Failure | null
  by: { kind: string; id: string } | null
}

export interface Timeline {
  items: TimelineItem[]
}

export interface ErrorGroup {
  fingerprint: string
  task: string
  type: string | null
  message: string | null
  count: number
  first_at: string
  last_at: string
  sample: string
  trend: number[]
}

export interface FailedTask {
  id: string
  queue: string
  worker: string | null
  attempts: number
  finished_at: string
  message: string | null
}

export interface ErrorTasks extends ErrorGroup {
  tasks: FailedTask[]
}

export interface Action {
  label: string
  method: string
  url: string
  scope: string
  body?: object
}

export interface Why {
  code: string
  sentence: string
  since: string | null
  until: string | null
  actions: Action[]
}

export interface Problem {
  code: string
  sentence: string
  since: string | null
  severity: 'critical' | 'warning' | 'notice'
  subject: { type: string; id: string }
  actions: Action[]
  opened_at: string | null
  silenced_until: string | null
}

export interface ProblemRecord {
  id: string
  code: string
  sentence: string
  severity: Problem['severity']
  subject: Problem['subject']
  opened_at: string
  gone_at: string | null
  flaps: number
  told_at: string | null
}

export interface Silence {
  id: string
  code: string
  subject: Problem['subject'] | null
  until: string
  reason: string | null
  created_by: string | null
}

export interface About {
  environment: string | null
  host: string
  version: string
  node: string
  started_at: string
  postgres: string
  database_bytes: number
}

export interface Finding {
  code: string
  severity: 'critical' | 'warning' | 'notice'
  what: string
  why: string
  evidence: object
  fix: string
}

export interface Kind {
  name: string
  description: string | null
  args: unknown
  queue: string
  priority: number
  limits: { time_limit: number | null; soft_time_limit: number | null }
  retries: { max_retries: number }
  pool: string
  internal: boolean
  workers: number
}

export interface Queue {
  name: string
  depth: number
  oldest_age: number | null
  running: number
  workers: number
  paused: boolean
  paused_at: string | null
  paused_by: string | null
  reason: string | null
  until: string | null
  per_minute: { created: number; finished: number }
}

export interface RunningTask {
  task_id: string
  task: string
  queue: string
  attempt: number
  started_at: string
}

export interface Worker {
  id: string
  host: string
  pid: number
  version: string
  queues: string[]
  concurrency: number
  children: number
  paused: boolean
  shutdown: string | null
  status: 'running' | 'stopped' | 'lost'
  started_at: string
  heartbeat_at: string
  heartbeat_age: number
  stopped_at: string | null
  running: RunningTask[]
  tasks: {
    started: number
    succeeded: number
    failed: number
    timed_out: number
    crashed: number
    cancelled: number
    handed_back: number
  }
  memory: number | null
  cpu: number | null
  media_sandbox: {
    files: string | null
    network: string | null
    user: 'own' | 'same'
    proved_at: string | null
    missing: { layer: string; why: string; how: string }[]
    hardware?: { encoders: string[]; failures: string[] }
  } | null
}

export interface Schedule {
  id: string
  name: string
  task: string
  args: unknown
  queue: string | null
  priority: number | null
  cron: string | null
  every: number | null
  at: string | null
  timezone: string
  start_at: string | null
  end_at: string | null
  jitter: number
  enabled: boolean
  one_off: boolean
  missed: string
  overlap: string
  description: string | null
  note: string | null
  tags: string[]
  system: boolean
  last_run_at: string | null
  last_task_id: string | null
  next_run_at: string | null
  total_run_count: number
  total_skipped: number
}

export interface Occurrence {
  due_at: string
  outcome: string
  reason: string | null
  task_id: string | null
  late_by: number
  manual: boolean
  count: number
}

export interface Preview {
  items: { at: string; local: string; note: string | null }[]
}

export interface Rendition {
  name: string
  width: number | null
  height: number | null
  status: 'pending' | 'processing' | 'ready' | 'skipped' | 'failed'
  reason: string | null
  url: string | null
  bytes: number | null
  bitrate: number | null
  codec: string | null
}

export interface Video {
  id: string
  filename: string
  bytes: number
  sha256: string
  status: 'uploaded' | 'processing' | 'ready' | 'failed'
  processed: boolean
  progress: number | null
  renditions: Rendition[]
  hls_url: string | null
  poster_url: string | null
  storyboard_url: string | null
  subtitles: { language: string; url: string }[]
  hls_tracks_url: string | null
  audio_tracks: { language: string; name: string; default: boolean }[]
  probe: unknown
  task_id: string
  error: Failure | null
  created_at: string
  ready_at: string | null
  created_by: string | null
  playback: 'public' | 'signed' | null
}

export interface Limits {
  kinds?: string[]
  queues?: string[]
  max_priority?: number
  max_pending?: number
  max_time_limit?: number
  max_retries?: number
  max_upload_bytes?: number
  rate?: number
  burst?: number
  networks?: string[]
  own?: boolean
}

export interface Session {
  key: { id: string; name: string } | null
  /** Whom the proxy in front has signed in. */
  person: string | null
  scopes: string[]
  limits: Limits
  expires_at: string | null
  open: boolean
}

export interface OpenSession {
  id: string
  key: { id: string; name: string }
  created_at: string
  seen_at: string
  expires_at: string
  address: string | null
  agent: string | null
  mine: boolean
}

export interface Key {
  id: string
  name: string
  scopes: string[]
  limits: Limits
  status: 'active' | 'expired' | 'revoked'
  sessions: number
  created_at: string
  created_by: string | null
  expires_at: string | null
  last_used_at: string | null
  revoked_at: string | null
  revoked_by: string | null
  replaced_by: string | null
}

export interface SigningKey {
  kid: string
  name: string
  created_at: string
  retired_at: string | null
}

export interface Links {
  url: string | null
  hls_url: string | null
  poster_url: string | null
  storyboard_url: string | null
  expires_at: string
}

export interface AuditLine {
  id: string
  at: string
  actor: { kind: string; id: string | null; name: string | null }
  action: string
  target: { type: string; id: string | null }
  outcome: 'done' | 'refused'
  ip: string | null
  request_id: string | null
  detail: object
}

export interface Webhook {
  id: string
  url: string
  types: string[]
  queues: string[] | null
  tasks: string[] | null
  include: string[]
  ordered: boolean
  description: string | null
  enabled: boolean
  disabled_reason: string | null
  disabled_at: string | null
  failures: number
  failing_since: string | null
  old_secret_until: string | null
  created_at: string
  updated_at: string
}

export interface Delivery {
  id: string
  type: string
  sequence: number
  task_id: string | null
  video_id: string | null
  status: 'pending' | 'delivered' | 'failed'
  data: unknown
  created_at: string
  delivered_at: string | null
  next_at: string | null
  attempts: {
    number: number
    at: string
    ms: number
    status: number | null
    error: string | null
    answer: string | null
  }[]
}

export interface SeriesPoint {
  at: string
  queue?: string
  task?: string
  [metric: string]: number | string | null | undefined
}
