import { useState } from 'preact/hooks'
import { tell } from '../../state/act.ts'
import { type ApiError, request } from '../../state/api.ts'
import { serviceAddress } from '../../state/base.ts'
import { refreshAll } from '../../state/query.ts'
import { go, href } from '../../state/route.ts'
import type { Schedule } from '../../state/shapes.ts'
import { CopyAs } from '../../ui/copy.tsx'
import { Field } from '../../ui/field.tsx'
import { Page } from '../../ui/page.tsx'
import { fieldError } from '../../ui/said.tsx'
import { callText, curlText } from '../../words/copy.ts'
import { bodyOf, type Draft, draftOf } from '../../words/draft.ts'
import { NextRuns } from './next-runs.tsx'
import { Options } from './options.tsx'
import { Timing } from './timing.tsx'
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

  async function save() {
    try {
      const { id } = await request<Schedule>(method, path, { body })
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
          <SameAs method={method} path={path} body={body} />
        </aside>
      </div>
    </Page>
  )
}

/** The request as one types. The function of SQL finds a schedule by its name, so it cannot rename one. */
function SameAs({ method, path, body }: { method: string; path: string; body: object }) {
  const curl = curlText(serviceAddress, method, path, body)
  return (
    <section class="card">
      <div class="card-head">
        <h2>The same as curl</h2>
        <CopyAs curl={curl} sql={callText('set_schedule', { ...body })} />
      </div>
      <pre>{curl}</pre>
    </section>
  )
}
