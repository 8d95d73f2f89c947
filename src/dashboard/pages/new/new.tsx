import { useState } from 'preact/hooks'
import { tell } from '../../state/acts/act.ts'
import { randomName } from '../../state/browser/random.ts'
import { go, query } from '../../state/browser/route.ts'
import { type ApiError, request } from '../../state/service/api.ts'
import { useQuery } from '../../state/service/query.ts'
import type { Kind, Task } from '../../state/service/shapes.ts'
import { Args } from '../../ui/forms/args.tsx'
import { KindField } from '../../ui/forms/kind-field.tsx'
import { SameAs } from '../../ui/forms/same-as.tsx'
import { Submit } from '../../ui/forms/submit.tsx'
import { Page } from '../../ui/page.tsx'
import { fieldError, Refused, Waiting } from '../../ui/said.tsx'
import { bodyOf, noOptions } from '../../words/tasks/submission.ts'
import { Options } from './options.tsx'

function argsOfLink(): Record<string, unknown> {
  try {
    const value = JSON.parse(query.peek().get('args') ?? '{}')
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {}
  } catch {
    return {}
  }
}

export function NewTask() {
  const kinds = useQuery<{ items: Kind[] }>('/api/kinds')
  const [task, setTask] = useState(query.peek().get('task') ?? 'process_data')
  const [args, setArgs] = useState<Record<string, unknown> | undefined>(argsOfLink)
  const [options, setOptions] = useState(noOptions)
  const [error, setError] = useState<ApiError | undefined>()
  const body = bodyOf(task, args, options)
  const send = useSubmission(body, setError)
  const kind = kinds.data.value?.items.find(({ name }) => name === task)
  // A form that grew as the kinds come would move under the user's hands.
  const waits = !kinds.data.value && !kinds.error.value
  const said = (field: string) => fieldError(error, field)
  function choose(name: string) {
    setTask(name)
    setArgs({})
    setError(undefined)
  }

  return (
    <Page title="New task" busy={waits}>
      <Refused query={kinds} />
      {waits && <Waiting />}
      <div class="form-page" hidden={waits}>
        <form onSubmit={send}>
          <KindField kinds={kinds.data.value?.items ?? []} task={task} choose={choose} wrong={said('task')} />
          {kind && <Args key={kind.name} schema={kind.args} args={args ?? {}} error={error} onChange={setArgs} />}
          <Options options={options} kind={kind} change={setOptions} said={said} />
          {error && error.errors.length === 0 && <p class="bad breaks">{error.message}</p>}
          <div class="buttons">
            <Submit needs="submitTask" disabled={args === undefined}>
              Create task
            </Submit>
          </div>
        </form>
        <aside class="form-side" aria-label="The same as curl">
          <SameAs method="POST" path="/api/tasks" body={body} sql="enqueue_task" />
        </aside>
      </div>
    </Page>
  )
}

/** One key for each form: a double click submits once. */
function useSubmission(body: object, refuse: (error: ApiError) => void) {
  const [key, setKey] = useState(randomName)
  async function submit() {
    try {
      const made = await request<Task>('POST', '/api/tasks', { body, headers: { 'idempotency-key': key } })
      tell('The task is submitted')
      go(`/tasks/${made.id}`)
    } catch (failure) {
      refuse(failure as ApiError)
      setKey(randomName())
    }
  }
  return (event: Event) => {
    event.preventDefault()
    void submit()
  }
}
