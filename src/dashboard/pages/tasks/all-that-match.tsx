import { useEffect, useState } from 'preact/hooks'
import { sentenceOf, tell } from '../../state/acts/act.ts'
import { followOperation } from '../../state/acts/bulk.ts'
import { ApiError, request } from '../../state/service/api.ts'
import { refreshAll } from '../../state/service/query.ts'
import type { DryRun } from '../../state/service/shapes.ts'
import { momentNow } from '../../state/service/time.ts'
import { Button } from '../../ui/button.tsx'
import { Field } from '../../ui/forms/field.tsx'
import { QueueField } from '../../ui/forms/queue-field.tsx'
import { useTypedName } from '../../ui/forms/typed-name.tsx'
import { Dialog } from '../../ui/overlays/dialog.tsx'
import { Waiting } from '../../ui/said.tsx'
import { type BulkAct, bulkActs, bulkFilter, meanings, tasksText, verbs } from '../../words/tasks/bulk.ts'
import type { Filter } from '../../words/tasks/filter.ts'
import { Preview } from './preview.tsx'

interface Asked {
  action: BulkAct
  queue?: string | undefined
  over?: number | undefined
}

/** An act on all tasks that match the filter of the list: what it would do, then the second yes. */
export function AllThatMatch({ filter, close }: { filter: Filter; close(): void }) {
  const [asked, setAsked] = useState<Asked>({ action: filter.status === 'FAILED' ? 'retry' : 'cancel' })
  const [frozen] = useState(() => bulkFilter(filter, momentNow()))
  const { found, refused, again } = useDryRun(asked, frozen)
  const { field, isTyped } = useTypedName({ isGrave: true })
  const { action } = asked

  async function start() {
    try {
      const body = { ...asked, filter: frozen, preview: found!.preview }
      const { id } = await request<{ id: string }>('POST', '/api/bulk-operations', { body })
      followOperation(id)
      tell(`${verbs[action]}: it has begun`)
      void refreshAll()
      close()
    } catch (error) {
      tell(error instanceof ApiError ? sentenceOf(error) : String(error), true)
      again()
    }
  }

  return (
    <Dialog title="All tasks that match" wide stays onClose={close}>
      <Choices asked={asked} choose={setAsked} />
      <div aria-busy={!found && !refused} aria-live="polite">
        {refused && (
          <div class="refused" role="alert">
            <p>{refused}</p>
            <Button icon="retry" onClick={again}>
              Try again
            </Button>
          </div>
        )}
        {!found && !refused && <Waiting rows={3} />}
        {found && <Preview found={found} action={action} isAll={Object.keys(filter).length === 0} />}
      </div>
      {field}
      <div class="buttons end">
        <Button onClick={close}>Back</Button>
        <Button
          look={action === 'cancel' || action === 'forget' ? 'danger' : 'main'}
          needs="startBulkOperation"
          disabled={!found || found.count === 0 || !isTyped}
          onClick={start}
        >
          {verbs[action]} {found ? tasksText(found) : 'tasks'}
        </Button>
      </div>
    </Dialog>
  )
}

function Choices({ asked, choose }: { asked: Asked; choose(asked: Asked): void }) {
  const { action, queue, over } = asked
  return (
    <>
      <Field label="Act" hint={meanings[action]}>
        {attributes => (
          <select
            {...attributes}
            value={action}
            onChange={event => choose({ action: event.currentTarget.value as BulkAct })}
          >
            {bulkActs.map(each => (
              <option key={each} value={each}>
                {verbs[each]}
              </option>
            ))}
          </select>
        )}
      </Field>
      {action === 'move' && (
        <QueueField
          queue={queue}
          choose={name => choose({ action, queue: name || undefined })}
          none="Choose a queue"
          wrong={undefined}
        />
      )}
      {action === 'retry' && (
        <Field label="Spread over (seconds)" hint="so that they do not come all at once; empty: at once">
          {attributes => (
            <input
              {...attributes}
              type="number"
              min={1}
              max={604_800}
              value={over ?? ''}
              onInput={event => choose({ action, over: Number(event.currentTarget.value) || undefined })}
            />
          )}
        </Field>
      )}
    </>
  )
}

/** What the act would do; asked again whenever the act changes. A later answer of an earlier question is dropped. */
function useDryRun(asked: Asked, filter: object) {
  const [found, setFound] = useState<DryRun>()
  const [refused, setRefused] = useState<string>()
  const [round, setRound] = useState(0)
  const { action, queue, over } = asked
  useEffect(() => {
    let isLate = false
    setFound(undefined)
    setRefused(undefined)
    if (action === 'move' && !queue) {
      setRefused('Choose the queue to move to.')
      return
    }
    request<DryRun>('POST', '/api/bulk-operations', { body: { action, queue, over, filter, dry_run: true } }).then(
      answer => !isLate && setFound(answer),
      error => !isLate && setRefused(error instanceof ApiError ? sentenceOf(error) : String(error))
    )
    return () => {
      isLate = true
    }
  }, [action, queue, over, round])
  return { found, refused, again: () => setRound(round + 1) }
}
