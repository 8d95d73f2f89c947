import { actOnEach } from '../../state/acts/batch.ts'
import { confirm } from '../../state/acts/confirm.ts'
import type { Task } from '../../state/service/shapes.ts'
import { Button } from '../../ui/button.tsx'
import { countText, plural } from '../../words/number.ts'
import { isFinal, mayRetry } from '../../words/tasks/tasks.ts'

/** Acts on the tasks that are selected; how far they are is in the tray. */
export function Selection({ tasks, clear }: { tasks: Task[]; clear(): void }) {
  const retryable = tasks.filter(mayRetry)
  const open = tasks.filter(task => !isFinal(task))
  const each = (verb: string, chosen: Task[], act: string) =>
    confirm({
      title: `${verb} ${plural(chosen.length, 'task')}?`,
      text: chosen.length < tasks.length ? `${countText(tasks.length - chosen.length)} of those selected stay.` : '',
      yes: `${verb} ${plural(chosen.length, 'task')}`,
      needs: verb === 'Cancel' ? 'cancelTask' : 'retryTask',
      danger: verb === 'Cancel',
      grave: chosen.length > 1,
      act: () => {
        void actOnEach(
          verb,
          chosen.map(({ id }) => `/api/tasks/${id}/${act}`)
        )
        clear()
      }
    })
  return (
    <section class="selection" aria-label="Selected tasks">
      <span>{plural(tasks.length, 'task')} selected</span>
      <Button
        icon="retry"
        needs="retryTask"
        disabled={retryable.length === 0}
        onClick={() => each('Retry', retryable, 'retry')}
      >
        Retry {countText(retryable.length)}
      </Button>
      <Button
        icon="cancel"
        needs="cancelTask"
        disabled={open.length === 0}
        onClick={() => each('Cancel', open, 'cancel')}
      >
        Cancel {countText(open.length)}
      </Button>
      <Button look="quiet" onClick={clear}>
        Clear
      </Button>
    </section>
  )
}
