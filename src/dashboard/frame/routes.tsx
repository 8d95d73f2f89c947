import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Tasks } from '../pages/tasks/tasks.tsx'
import { href, path } from '../state/route.ts'
import { Page } from '../ui/page.tsx'
import { Waiting } from '../ui/said.tsx'

type Shown = ComponentType<{ id: string }>

// The list comes with the frame, and is there at the first drawing.
const list = /^\/tasks$/
// Every other page comes when it is opened.
const pages: [pattern: RegExp, load: () => Promise<Shown>][] = [
  [/^\/$/, () => import('../pages/overview/overview.tsx').then(({ Overview }) => Overview)],
  [/^\/tasks\/([^/]+)$/, () => import('../pages/task/task.tsx').then(({ TaskPage }) => TaskPage)],
  [/^\/new$/, () => import('../pages/new/new.tsx').then(({ NewTask }) => NewTask)],
  [/^\/videos$/, () => import('../pages/videos/videos.tsx').then(({ Videos }) => Videos)],
  [/^\/videos\/([^/]+)$/, () => import('../pages/videos/video.tsx').then(({ VideoPage }) => VideoPage)],
  [/^\/queues$/, () => import('../pages/queues/queues.tsx').then(({ Queues }) => Queues)],
  [/^\/workers$/, () => import('../pages/workers/workers.tsx').then(({ Workers }) => Workers)],
  [/^\/workers\/([^/]+)$/, () => import('../pages/workers/worker.tsx').then(({ WorkerPage }) => WorkerPage)],
  [/^\/schedules$/, () => import('../pages/schedules/schedules.tsx').then(({ Schedules }) => Schedules)],
  [/^\/schedules\/new$/, () => import('../pages/schedules/edit.tsx').then(({ NewSchedule }) => NewSchedule)],
  [/^\/schedules\/([^/]+)$/, () => import('../pages/schedules/schedule.tsx').then(({ SchedulePage }) => SchedulePage)],
  [/^\/errors$/, () => import('../pages/errors/errors.tsx').then(({ Errors }) => Errors)],
  [/^\/errors\/([^/]+)$/, () => import('../pages/errors/error.tsx').then(({ ErrorPage }) => ErrorPage)],
  [/^\/doctor$/, () => import('../pages/doctor/doctor.tsx').then(({ Doctor }) => Doctor)],
  [/^\/settings$/, () => import('../pages/settings/settings.tsx').then(({ SettingsPage }) => SettingsPage)]
]
const loaded = new Map<RegExp, Shown>([[list, Tasks]])
const patterns = [list, ...pages.map(([pattern]) => pattern)]

export function Routes() {
  const here = path.value
  const pattern = patterns.find(pattern => pattern.test(here))
  const [, again] = useState(0)
  const [failed, setFailed] = useState(false)
  useEffect(() => {
    setFailed(false)
    if (!pattern || loaded.has(pattern)) return
    const load = pages.find(([known]) => known === pattern)![1]
    load().then(
      page => {
        loaded.set(pattern, page)
        again(count => count + 1)
      },
      () => setFailed(true)
    )
  }, [pattern])

  if (!pattern) return <Unknown />
  const Found = loaded.get(pattern)
  if (failed) return <OldVersion />
  if (!Found) {
    return (
      <Page title="Loading" busy>
        <Waiting />
      </Page>
    )
  }
  const [, id = ''] = pattern.exec(here) ?? []
  return <Found key={`${pattern} ${id}`} id={decodeURIComponent(id)} />
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
