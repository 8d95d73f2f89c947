import { type Batch, batches, tidyBatches } from '../state/acts/batch.ts'
import { Button } from '../ui/button.tsx'
import { Progress } from '../ui/charts/progress.tsx'
import { countText, plural } from '../words/number.ts'

/** How far acts on many tasks are. */
export function Batches() {
  const all = batches.value
  if (all.length === 0) return null
  return (
    <section class="tray" aria-label="Acts on many tasks">
      <div class="tray-head">
        <span>Acts</span>
        <Button icon="close" look="quiet" label="Clear what is done" onClick={tidyBatches} />
      </div>
      <ul>
        {all.map(batch => (
          <Row key={batch.key} batch={batch} />
        ))}
      </ul>
    </section>
  )
}

function Row({ batch: { verb, all, done, refused, said, over, stop } }: { batch: Batch }) {
  return (
    <li>
      <span>
        {verb} {plural(all, 'task')}
      </span>
      {over ? (
        <span class="soft">{done + refused < all ? 'stopped' : 'done'}</span>
      ) : (
        <Button icon="close" look="quiet" label={`Stop: ${verb} ${plural(all, 'task')}`} onClick={stop} />
      )}
      {!over && <Progress value={(done + refused) / all} label={`${verb} ${plural(all, 'task')}`} />}
      <span class="soft number tray-line">
        {countText(done)} of {countText(all)}
        {refused > 0 && `, ${countText(refused)} refused`}
      </span>
      {said && <span class="bad breaks tray-line">{said}</span>}
    </li>
  )
}
