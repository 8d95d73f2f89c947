import { useState } from 'preact/hooks'
import { tell } from '../../state/acts/act.ts'
import { type ApiError, request } from '../../state/service/api.ts'
import { refreshAll } from '../../state/service/query.ts'
import type { Task } from '../../state/service/shapes.ts'
import { Button } from '../../ui/button.tsx'
import { Field } from '../../ui/forms/field.tsx'
import { QueueField } from '../../ui/forms/queue-field.tsx'
import { Submit } from '../../ui/forms/submit.tsx'
import { Dialog } from '../../ui/overlays/dialog.tsx'
import { fieldError } from '../../ui/said.tsx'
import { isFinal } from '../../words/tasks/tasks.ts'
import { isoText } from '../../words/time.ts'

/** What may be changed while it waits. */
export function EditButton({ task }: { task: Task }) {
  const [open, setOpen] = useState(false)
  if (isFinal(task) || task.status === 'PROCESSING') return null
  return (
    <>
      <Button icon="edit" needs="changeTask" onClick={() => setOpen(true)}>
        Edit
      </Button>
      {open && <Edit task={task} close={() => setOpen(false)} />}
    </>
  )
}

function Edit({ task, close }: { task: Task; close(): void }) {
  const [priority, setPriority] = useState(String(task.priority))
  const [queue, setQueue] = useState(task.queue)
  const [eta, setEta] = useState(task.eta ?? '')
  const [tags, setTags] = useState(task.tags.join(' '))
  const [error, setError] = useState<ApiError | undefined>()

  async function save() {
    const body = changesOf(task, { priority, queue, eta, tags })
    if (Object.keys(body).length === 0) return close()
    try {
      await request('PATCH', `/api/tasks/${task.id}`, { body })
      tell('The task is changed')
      void refreshAll()
      close()
    } catch (failure) {
      setError(failure as ApiError)
    }
  }
  const said = (field: string) => fieldError(error, field)
  return (
    <Dialog title={`Edit ${task.task}`} onClose={close}>
      <form
        onSubmit={event => {
          event.preventDefault()
          void save()
        }}
      >
        <div class="two">
          <Field label="Priority" hint="0 to 9, higher first" wrong={said('priority')}>
            {attributes => (
              <input
                {...attributes}
                inputMode="numeric"
                value={priority}
                onInput={event => setPriority(event.currentTarget.value)}
              />
            )}
          </Field>
          <QueueField queue={queue} choose={setQueue} wrong={said('queue')} />
        </div>
        <Field label="Not before" hint="Such as 2027-01-31 09:00, in your time zone" wrong={said('eta')}>
          {attributes => <input {...attributes} value={eta} onInput={event => setEta(event.currentTarget.value)} />}
        </Field>
        <Field label="Tags" hint="With blanks between" wrong={said('tags')}>
          {attributes => <input {...attributes} value={tags} onInput={event => setTags(event.currentTarget.value)} />}
        </Field>
        {error && error.errors.length === 0 && <p class="bad breaks">{error.message}</p>}
        <div class="buttons end">
          <Button onClick={close}>Back</Button>
          <Submit needs="changeTask">Save</Submit>
        </div>
      </form>
    </Dialog>
  )
}

/** What differs, as the API takes it. */
function changesOf(task: Task, { priority, queue, eta, tags }: Record<'priority' | 'queue' | 'eta' | 'tags', string>) {
  const wanted = eta === '' ? null : isoText(eta)
  const words = tags.split(/[\s,]+/).filter(Boolean)
  return {
    ...(priority !== String(task.priority) && { priority: Number(priority) }),
    ...(queue !== task.queue && { queue }),
    ...(wanted !== task.eta && { eta: wanted }),
    ...(words.join(' ') !== task.tags.join(' ') && { tags: words })
  }
}
