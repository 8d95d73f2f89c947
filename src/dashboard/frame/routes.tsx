import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Tasks } from '../pages/tasks/tasks.tsx'
import { href, path } from '../state/browser/route.ts'
import { Page } from '../ui/page.tsx'
import { Waiting } from '../ui/said.tsx'

type Shown = ComponentType<{ id: string }>

interface Way {
  pattern: RegExp
  /** The page, once it has come. */
  page?: Shown
  load(): Promise<Shown>
}

// The list comes with the frame, and is there at the first drawing; every other page comes when it is opened.
const ways: Way[] = [
  { pattern: /^\/tasks$/, page: Tasks, load: async () => Tasks },
  { pattern: /^\/$/, load: () => import('../pages/overview/overview.tsx').then(({ Overview }) => Overview) },
  { pattern: /^\/tasks\/([^/]+)$/, load: () => import('../pages/task/task.tsx').then(({ TaskPage }) => TaskPage) },
  { pattern: /^\/new$/, load: () => import('../pages/new/new.tsx').then(({ NewTask }) => NewTask) },
  { pattern: /^\/videos$/, load: () => import('../pages/videos/videos.tsx').then(({ Videos }) => Videos) },
  {
    pattern: /^\/videos\/([^/]+)$/,
    load: () => import('../pages/videos/video.tsx').then(({ VideoPage }) => VideoPage)
  },
  { pattern: /^\/queues$/, load: () => import('../pages/queues/queues.tsx').then(({ Queues }) => Queues) },
  { pattern: /^\/workers$/, load: () => import('../pages/workers/workers.tsx').then(({ Workers }) => Workers) },
  {
    pattern: /^\/workers\/([^/]+)$/,
    load: () => import('../pages/workers/worker.tsx').then(({ WorkerPage }) => WorkerPage)
  },
  {
    pattern: /^\/schedules$/,
    load: () => import('../pages/schedules/schedules.tsx').then(({ Schedules }) => Schedules)
  },
  {
    pattern: /^\/schedules\/new$/,
    load: () => import('../pages/schedules/edit.tsx').then(({ NewSchedule }) => NewSchedule)
  },
  {
    pattern: /^\/schedules\/([^/]+)$/,
    load: () => import('../pages/schedules/schedule.tsx').then(({ SchedulePage }) => SchedulePage)
  },
  {
    pattern: /^\/problems$/,
    load: () => import('../pages/problems/problems.tsx').then(({ ProblemsPage }) => ProblemsPage)
  },
  { pattern: /^\/errors$/, load: () => import('../pages/errors/errors.tsx').then(({ Errors }) => Errors) },
  {
    pattern: /^\/errors\/([^/]+)$/,
    load: () => import('../pages/errors/error.tsx').then(({ ErrorPage }) => ErrorPage)
  },
  { pattern: /^\/bulk$/, load: () => import('../pages/bulk/bulk.tsx').then(({ Bulk }) => Bulk) },
  {
    pattern: /^\/bulk\/([^/]+)$/,
    load: () => import('../pages/bulk/operation.tsx').then(({ OperationPage }) => OperationPage)
  },
  { pattern: /^\/webhooks$/, load: () => import('../pages/webhooks/webhooks.tsx').then(({ Webhooks }) => Webhooks) },
  {
    pattern: /^\/webhooks\/([^/]+)$/,
    load: () => import('../pages/webhooks/webhook.tsx').then(({ WebhookPage }) => WebhookPage)
  },
  { pattern: /^\/keys$/, load: () => import('../pages/keys/keys.tsx').then(({ Keys }) => Keys) },
  { pattern: /^\/audit$/, load: () => import('../pages/audit/audit.tsx').then(({ Audit }) => Audit) },
  { pattern: /^\/doctor$/, load: () => import('../pages/doctor/doctor.tsx').then(({ Doctor }) => Doctor) },
  {
    pattern: /^\/settings$/,
    load: () => import('../pages/settings/settings.tsx').then(({ SettingsPage }) => SettingsPage)
  }
]

export function Routes() {
  const here = path.value
  const way = ways.find(({ pattern }) => pattern.test(here))
  const [, again] = useState(0)
  const [failed, setFailed] = useState(false)
  useEffect(() => {
    setFailed(false)
    if (!way || way.page) return
    way.load().then(
      page => {
        way.page = page
        again(count => count + 1)
      },
      () => setFailed(true)
    )
  }, [way])

  if (!way) return <Unknown />
  const Found = way.page
  if (failed) return <OldVersion />
  if (!Found) {
    return (
      <Page title="Loading" busy>
        <Waiting />
      </Page>
    )
  }
  const [, text = ''] = way.pattern.exec(here) ?? []
  const id = decoded(text)
  return id === undefined ? <Unknown /> : <Found key={`${way.pattern} ${text}`} id={id} />
}

function decoded(text: string) {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function Unknown() {
  return (
    <Page title="There is no such page">
      <p>
        Nothing is at <span class="mono">{path.value}</span>. <a href={href('/')}>Go to the overview</a>.
      </p>
    </Page>
  )
}

/** Files have new names after an update. */
function OldVersion() {
  return (
    <Page title="This page did not load">
      <p>The server may have been updated since this tab was opened, or it is away.</p>
      <p>
        <a href={location.href} target="_self">
          Load it again
        </a>
      </p>
    </Page>
  )
}
