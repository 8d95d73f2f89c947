import { useState } from 'preact/hooks'
import { tell } from '../../state/acts/act.ts'
import { go, href } from '../../state/browser/route.ts'
import { type ApiError, request } from '../../state/service/api.ts'
import { refreshAll, useQuery } from '../../state/service/query.ts'
import type { Kind, Schedule } from '../../state/service/shapes.ts'
import { Field } from '../../ui/forms/field.tsx'
import { SameAs } from '../../ui/forms/same-as.tsx'
import { Submit } from '../../ui/forms/submit.tsx'
import { Page } from '../../ui/page.tsx'
import { fieldError, Refused, Waiting } from '../../ui/said.tsx'
import { bodyOf, type Draft, draftOf } from '../../words/schedules/draft.ts'
import { NextRuns } from './next-runs.tsx'
import { Options } from './options.tsx'
import { type PartProps, Timing } from './timing.tsx'
import { Work } from './work.tsx'

export function NewSchedule() {
  return <EditSchedule />
}

export function EditSchedule({ schedule }: { schedule?: Schedule }) {
  const [draft, setDraft] = useState(() => draftOf(schedule))
  const [error, setError] = useState<ApiError | undefined>()
  const change = (part: Partial<Draft>) => setDraft(draft => ({ ...draft, ...part }))
  const body = bodyOf(draft, schedule)
  const [method, path] = schedule
    ? (['PATCH', `/api/schedules/${schedule.id}`] as const)
    : (['POST', '/api/schedules'] as const)
  const save = () => request<Schedule>(method, path, { body }).then(({ id }) => showSaved(id, schedule), setError)

  // A form that grew as the kinds come would move under the user's hands.
  const kinds = useQuery<{ items: Kind[] }>('/api/kinds')
  const waits = !kinds.data.value && !kinds.error.value
  const said = (field: string) => fieldError(error, field)
  const elsewhere = error && error.errors.length === 0 ? error.message : undefined
  return (
    <Page title={schedule ? `Edit ${schedule.name}` : 'New schedule'} busy={waits}>
      <Refused query={kinds} />
      {waits && <Waiting />}
      <div class="form-page" hidden={waits}>
        <form
          onSubmit={event => {
            event.preventDefault()
            void save()
          }}
        >
          <NameField draft={draft} change={change} wrong={said('name') ?? elsewhere} />
          <Timing draft={draft} change={change} said={said} />
          {!schedule?.system && <Work draft={draft} change={change} said={said} error={error} />}
          <Options draft={draft} change={change} said={said} />
          <div class="buttons">
            <Submit needs={schedule ? 'editSchedule' : 'addSchedule'} disabled={draft.args === undefined}>
              {schedule ? 'Save' : 'Create'}
            </Submit>
            <a class="button" href={href(schedule ? `/schedules/${schedule.id}` : '/schedules')}>
              Back
            </a>
          </div>
        </form>
        <aside class="form-side" aria-label="What it does">
          <NextRuns draft={draft} />
          {/* The function of SQL finds a schedule by its name, so it cannot rename one. */}
          <SameAs method={method} path={path} body={body} sql="set_schedule" />
        </aside>
      </div>
    </Page>
  )
}

function showSaved(id: string, before: Schedule | undefined) {
  tell(before ? 'The schedule is saved' : 'The schedule is made')
  void refreshAll()
  go(`/schedules/${id}`)
}

function NameField({ draft, change, wrong }: Pick<PartProps, 'draft' | 'change'> & { wrong: string | undefined }) {
  return (
    <Field label="Name" wrong={wrong}>
      {attributes => (
        <input {...attributes} value={draft.name} onInput={event => change({ name: event.currentTarget.value })} />
      )}
    </Field>
  )
}
