import { signal } from '@preact/signals'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { places } from '../../frame/pages.ts'
import { tell } from '../../state/acts/act.ts'
import { go } from '../../state/browser/route.ts'
import { changeSetting } from '../../state/browser/settings.ts'
import { ownViews } from '../../state/browser/views.ts'
import { ApiError, request } from '../../state/service/api.ts'
import { useQuery } from '../../state/service/query.ts'
import type { Kind, Page, Queue, Schedule, Worker } from '../../state/service/shapes.ts'
import { best, type Choice } from '../../words/match.ts'
import { helpOpen } from './help.tsx'

const open = signal(false)
export const paletteOpen = (wanted: boolean) => {
  open.value = wanted
}

export function Palette() {
  return open.value ? <Opened /> : null
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

function Opened() {
  const element = useRef<HTMLDialogElement>(null)
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const id = useId()
  const all = found(text, useChoices())

  useModal(element)
  useEffect(() => {
    element.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' })
  }, [at, text])

  function choose(choice: Choice | undefined) {
    if (!choice) return
    element.current?.close()
    choice.act()
  }
  function onKeyDown(event: KeyboardEvent) {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (step !== 0) {
      event.preventDefault()
      setAt((at + step + all.length) % Math.max(1, all.length))
    }
    if (event.key === 'Enter') {
      event.preventDefault()
      choose(all[at])
    }
  }

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does the same
    <dialog
      ref={element}
      class="palette"
      aria-label="Search or jump to"
      onClose={() => paletteOpen(false)}
      onClick={event => event.target === element.current && element.current?.close()}
    >
      <input
        role="combobox"
        aria-expanded="true"
        aria-controls={id}
        aria-activedescendant={all[at] ? `${id}-${at}` : undefined}
        aria-label="Search or jump to"
        placeholder="Page, kind, queue, worker, schedule, or an id"
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={event => {
          setText(event.currentTarget.value)
          setAt(0)
        }}
        onKeyDown={onKeyDown}
      />
      <Results id={id} all={all} at={at} setAt={setAt} choose={choose} />
    </dialog>
  )
}

/** Closed it gives the focus back. */
function useModal(element: { current: HTMLDialogElement | null }) {
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null
    element.current?.showModal()
    return () => before?.focus?.()
  }, [])
}

/** An id leads to what it is of; other words to what has such a name, and to the tasks that have them. */
function found(text: string, known: Choice[]): Choice[] {
  const words = text.trim()
  if (uuid.test(words)) return [{ group: 'Id', label: `Go to ${words}`, act: () => void goToId(words) }]
  if (words === '') return best(text, known)
  const search = () => go(`/tasks?q=${encodeURIComponent(words)}`)
  return [...best(text, known), { group: 'Tasks', label: `Search tasks for “${words}”`, act: search }]
}

interface ResultsProps {
  id: string
  all: Choice[]
  /** The one that is chosen. */
  at: number
  setAt(at: number): void
  choose(choice: Choice): void
}

function Results({ id, all, at, setAt, choose }: ResultsProps) {
  return (
    <div class="palette-list" role="listbox" id={id} aria-label="Results" tabIndex={-1}>
      {all.map((choice, index) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the field above hears the keys
        <div
          key={`${choice.group} ${choice.label}`}
          id={`${id}-${index}`}
          role="option"
          tabIndex={-1}
          aria-selected={index === at}
          onClick={() => choose(choice)}
          onPointerMove={() => setAt(index)}
        >
          <span class="cut-off">{choice.label}</span>
          <span class="soft">{choice.group}</span>
        </div>
      ))}
    </div>
  )
}

function useChoices(): Choice[] {
  const kinds = useQuery<{ items: Kind[] }>('/api/kinds').data.value?.items ?? []
  const queues = useQuery<{ items: Queue[] }>('/api/queues', 5).data.value?.items ?? []
  const workers = useQuery<{ items: Worker[] }>('/api/workers', 5).data.value?.items ?? []
  const schedules = useQuery<Page<Schedule>>('/api/schedules?limit=200').data.value?.items ?? []
  const to = (group: string, label: string, path: string): Choice => ({ group, label, act: () => go(path) })
  return [
    ...places.map(({ name, path }) => to('Page', name, path)),
    to('Page', 'Settings', '/settings'),
    to('Act', 'New task', '/new'),
    to('Act', 'New schedule', '/schedules/new'),
    to('Act', 'New webhook', '/webhooks?new=1'),
    to('Act', 'New key', '/keys?new=1'),
    ...ownViews().map(({ name, search }) => to('View', name, `/tasks?${search}`)),
    to('Tasks', 'Failed tasks', '/tasks?status=FAILED'),
    to('Tasks', 'Running tasks', '/tasks?status=PROCESSING'),
    { group: 'Act', label: 'Theme: dark', act: () => changeSetting('theme', 'dark') },
    { group: 'Act', label: 'Theme: light', act: () => changeSetting('theme', 'light') },
    { group: 'Act', label: 'Theme: as the system', act: () => changeSetting('theme', 'system') },
    { group: 'Act', label: 'Keys', act: () => helpOpen(true) },
    ...queues.map(({ name }) => to('Queue', name, `/tasks?queue=${encodeURIComponent(name)}`)),
    ...kinds.map(({ name }) => to('Kind', name, `/tasks?task=${encodeURIComponent(name)}`)),
    ...kinds.map(({ name }) => to('New task', name, `/new?task=${encodeURIComponent(name)}`)),
    ...workers.map(({ host, pid, id }) => to('Worker', `${host} · ${pid}`, `/workers/${id}`)),
    ...schedules.map(({ id, name }) => to('Schedule', name, `/schedules/${id}`))
  ]
}

/** Ids do not say what they are of. */
async function goToId(id: string) {
  const rooms: [api: string, page: string][] = [
    ['tasks', 'tasks'],
    ['videos', 'videos'],
    ['schedules', 'schedules'],
    ['webhooks', 'webhooks'],
    ['workers', 'workers']
  ]
  for (const [api, page] of rooms) {
    try {
      await request('GET', `/api/${api}/${id}`)
      return go(`/${page}/${id}`)
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) return tell(String((error as Error).message), true)
    }
  }
  tell(`Nothing has the id ${id}`, true)
}
