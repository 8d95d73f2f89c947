import { useEffect, useState } from 'preact/hooks'
import { tell } from '../../state/act.ts'
import { ApiError, request } from '../../state/api.ts'
import { serviceAddress } from '../../state/base.ts'
import { refreshAll, useQuery } from '../../state/query.ts'
import { go, href } from '../../state/route.ts'
import type { Kind, Preview, Schedule } from '../../state/shapes.ts'
import { Args } from '../../ui/args.tsx'
import { Button } from '../../ui/button.tsx'
import { CopyButton } from '../../ui/copy.tsx'
import { Field } from '../../ui/field.tsx'
import { Page } from '../../ui/page.tsx'
import { fieldError } from '../../ui/said.tsx'
import { curlText } from '../../words/copy.ts'
import { cronText } from '../../words/schedules.ts'
import { PreviewList } from './schedule.tsx'

type Rule = 'cron' | 'every' | 'at'

interface Draft {
  name: string
  task: string
  args: Record<string, unknown> | undefined
  rule: Rule
  cron: string
  every: string
  at: string
  timezone: string
  queue: string
  overlap: string
  missed: string
  description: string
}

function draftOf(schedule: Schedule | undefined): Draft {
  return {
    name: schedule?.name ?? '',
    task: schedule?.task ?? 'process_data',
    args: (schedule?.args as Draft['args']) ?? {},
    rule: schedule?.every ? 'every' : schedule?.at ? 'at' : 'cron',
    cron: schedule?.cron ?? '0 3 * * *',
    every: String(schedule?.every ?? 3600),
    at: schedule?.at ?? '',
    timezone: schedule?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    queue: schedule?.queue ?? '',
    overlap: schedule?.overlap ?? 'allow',
    missed: schedule?.missed ?? 'skip',
    description: schedule?.description ?? ''
  }
}

/** What decides when it comes. */
function timingOf({ rule, cron, every, at, timezone }: Draft) {
  if (rule === 'cron') return { cron, timezone }
  if (rule === 'every') return { every: Number.isNaN(Number(every)) ? every : Number(every) }
  // A time without an offset is one of the user's own zone.
  const moment = new Date(at)
  return { at: Number.isNaN(moment.getTime()) ? at : moment.toISOString() }
}

function bodyOf(draft: Draft, before: Schedule | undefined) {
  const { name, task, args, queue, overlap, missed, description } = draft
  const others = before ? { cron: null, every: null, at: null } : {}
  const work = before?.system ? {} : { task, args }
  return {
    name,
    ...work,
    ...others,
    ...timingOf(draft),
    ...(queue || before?.queue ? { queue: queue || null } : {}),
    overlap,
    missed,
    ...(description || before?.description ? { description: description || null } : {})
  }
}

export function NewSchedule() {
  return <EditSchedule />
}

export function EditSchedule({ schedule }: { schedule?: Schedule }) {
  const [draft, setDraft] = useState(() => draftOf(schedule))
  const [error, setError] = useState<ApiError | undefined>()
  const change = (part: Partial<Draft>) => setDraft(draft => ({ ...draft, ...part }))
  const body = bodyOf(draft, schedule)
  const [method, path] = schedule ? ['PATCH', `/api/schedules/${schedule.id}`] : ['POST', '/api/schedules']

  async function save() {
    try {
      const { id } = await request<Schedule>(method!, path!, { body })
      tell(schedule ? 'The schedule is saved' : 'The schedule is made')
      void refreshAll()
      go(`/schedules/${id}`)
    } catch (failure) {
      setError(failure as ApiError)
    }
  }

  const said = (field: string) => fieldError(error, field)
  const elsewhere = error && error.errors.length === 0 ? error.message : undefined
  return (
    <Page title={schedule ? `Edit ${schedule.name}` : 'New schedule'}>
      <div class="form-page">
        <form
          onSubmit={event => {
            event.preventDefault()
            void save()
          }}
        >
          <Field label="Name" wrong={said('name') ?? elsewhere}>
            {attributes => (
              <input
                {...attributes}
                value={draft.name}
                onInput={event => change({ name: event.currentTarget.value })}
              />
            )}
          </Field>
          <Timing draft={draft} change={change} said={said} />
          {!schedule?.system && <Work draft={draft} change={change} said={said} error={error} />}
          <Options draft={draft} change={change} said={said} />
          <div class="buttons">
            <button type="submit" class="button main" disabled={draft.args === undefined}>
              {schedule ? 'Save' : 'Create'}
            </button>
            <a class="button" href={href(schedule ? `/schedules/${schedule.id}` : '/schedules')}>
              Back
            </a>
          </div>
        </form>
        <aside class="form-side" aria-label="What it does">
          <NextRuns draft={draft} />
          <section class="card">
            <div class="card-head">
              <h2>The same as curl</h2>
              <CopyButton text={curlText(serviceAddress, method!, path!, body)} label="Copy as curl" />
            </div>
            <pre>{curlText(serviceAddress, method!, path!, body)}</pre>
          </section>
        </aside>
      </div>
    </Page>
  )
}

interface PartProps {
  draft: Draft
  change(part: Partial<Draft>): void
  said(field: string): string | undefined
}

function Timing({ draft, change, said }: PartProps) {
  const rules: [Rule, string][] = [
    ['cron', 'By cron'],
    ['every', 'Every so often'],
    ['at', 'Once']
  ]
  return (
    <>
      <fieldset class="choice">
        <legend>When</legend>
        <div class="buttons">
          {rules.map(([rule, label]) => (
            <Button key={rule} pressed={draft.rule === rule} onClick={() => change({ rule })}>
              {label}
            </Button>
          ))}
        </div>
      </fieldset>
      {draft.rule === 'cron' && (
        <div class="two">
          <Field label="Cron" hint={cronText(draft.cron)} wrong={said('cron')}>
            {attributes => (
              <input
                {...attributes}
                class="mono"
                spellcheck={false}
                value={draft.cron}
                onInput={event => change({ cron: event.currentTarget.value })}
              />
            )}
          </Field>
          <Field label="Time zone" wrong={said('timezone')}>
            {attributes => (
              <input
                {...attributes}
                value={draft.timezone}
                onInput={event => change({ timezone: event.currentTarget.value })}
              />
            )}
          </Field>
        </div>
      )}
      {draft.rule === 'every' && (
        <Field label="Seconds" wrong={said('every')}>
          {attributes => (
            <input
              {...attributes}
              inputMode="decimal"
              value={draft.every}
              onInput={event => change({ every: event.currentTarget.value })}
            />
          )}
        </Field>
      )}
      {draft.rule === 'at' && (
        <Field label="At" hint="Such as 2027-01-31 09:00, in your time zone" wrong={said('at')}>
          {attributes => (
            <input {...attributes} value={draft.at} onInput={event => change({ at: event.currentTarget.value })} />
          )}
        </Field>
      )}
    </>
  )
}

function Work({ draft, change, said, error }: PartProps & { error: ApiError | undefined }) {
  const kinds = useQuery<{ items: Kind[] }>('/api/kinds').data.value?.items ?? []
  const kind = kinds.find(({ name }) => name === draft.task)
  return (
    <>
      <Field label="Kind" hint={kind?.description ?? undefined} wrong={said('task')}>
        {attributes => (
          <select
            {...attributes}
            value={draft.task}
            onChange={event => change({ task: event.currentTarget.value, args: {} })}
          >
            {kinds.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        )}
      </Field>
      {kind && (
        <Args
          key={kind.name}
          schema={kind.args}
          args={draft.args ?? {}}
          error={error}
          onChange={args => change({ args })}
        />
      )}
    </>
  )
}

function Options({ draft, change, said }: PartProps) {
  return (
    <details>
      <summary>Options</summary>
      <div class="two">
        <Field label="Overlap" hint="Whether it makes a task while its last one is unfinished" wrong={said('overlap')}>
          {attributes => (
            <select
              {...attributes}
              value={draft.overlap}
              onChange={event => change({ overlap: event.currentTarget.value })}
            >
              <option value="allow">allow</option>
              <option value="skip">skip</option>
            </select>
          )}
        </Field>
        <Field label="Missed" hint="What becomes of occurrences more than 60 s late" wrong={said('missed')}>
          {attributes => (
            <select
              {...attributes}
              value={draft.missed}
              onChange={event => change({ missed: event.currentTarget.value })}
            >
              <option value="skip">skip: none of them runs</option>
              <option value="once">once: one task stands for all</option>
              <option value="all">all: each runs</option>
            </select>
          )}
        </Field>
      </div>
      <Field label="Queue" hint="Empty: that of the kind" wrong={said('queue')}>
        {attributes => (
          <input {...attributes} value={draft.queue} onInput={event => change({ queue: event.currentTarget.value })} />
        )}
      </Field>
      <Field label="Description" wrong={said('description')}>
        {attributes => (
          <input
            {...attributes}
            value={draft.description}
            onInput={event => change({ description: event.currentTarget.value })}
          />
        )}
      </Field>
    </details>
  )
}

// Milliseconds after the last key.
const pause = 250

/** The next occurrences as one types, by the rule of the server. */
function NextRuns({ draft }: { draft: Draft }) {
  const asked = JSON.stringify({ ...timingOf(draft), count: 10 })
  const [preview, setPreview] = useState<Preview | undefined>()
  const [wrong, setWrong] = useState<string | undefined>()
  useEffect(() => {
    const giveUp = new AbortController()
    const timer = setTimeout(async () => {
      try {
        const { signal } = giveUp
        setPreview(await request<Preview>('POST', '/api/schedules/preview', { body: JSON.parse(asked), signal }))
        setWrong(undefined)
      } catch (error) {
        if (giveUp.signal.aborted || !(error instanceof ApiError)) return
        setWrong(error.errors[0] ? `${error.errors[0].field} ${error.errors[0].message}` : error.message)
      }
    }, pause)
    return () => {
      clearTimeout(timer)
      giveUp.abort()
    }
  }, [asked])
  return (
    <section class="card" aria-live="polite">
      <h2>Next occurrences</h2>
      {wrong ? <p class="bad breaks">{wrong}</p> : <PreviewList preview={preview} />}
    </section>
  )
}
