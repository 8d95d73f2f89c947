import type { Preview } from '../../state/service/shapes.ts'
import { Ago } from '../../ui/time.tsx'
import { notes } from '../../words/schedules/schedules.ts'

export function PreviewList({ preview }: { preview: Preview | undefined }) {
  return (
    <ol class="lines preview">
      {preview?.items.map(({ at, local, note }) => (
        <li key={at}>
          <span class="number">{local.slice(0, 19).replace('T', ' ')}</span>
          <span class="soft number">{local.slice(19)}</span>
          <span class="soft">
            <Ago time={at} />
          </span>
          {note && <span class="preview-note">{notes[note]}</span>}
        </li>
      ))}
    </ol>
  )
}
