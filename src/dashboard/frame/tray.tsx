import { tidyUploads, type Upload, uploads } from '../state/acts/uploads.ts'
import { href } from '../state/browser/route.ts'
import { Button } from '../ui/button.tsx'
import { Progress } from '../ui/charts/progress.tsx'
import { bytesText, percentText } from '../words/number.ts'

export function Tray() {
  const all = uploads.value
  if (all.length === 0) return null
  return (
    <section class="tray" aria-label="Uploads">
      <div class="tray-head">
        <span>Uploads</span>
        <Button icon="close" look="quiet" label="Clear what is done" onClick={tidyUploads} />
      </div>
      <ul>
        {all.map(upload => (
          <Row key={upload.key} upload={upload} />
        ))}
      </ul>
    </section>
  )
}

function Row({ upload }: { upload: Upload }) {
  const { name, size, loaded, phase, progress, video, said, stop } = upload
  const sending = phase === 'waiting' || phase === 'uploading'
  const share = sending ? (size === 0 ? 0 : loaded / size) : phase === 'ready' ? 1 : progress
  return (
    <li>
      {video ? (
        <a class="cut-off" href={href(`/videos/${video}`)}>
          {name}
        </a>
      ) : (
        <span class="cut-off">{name}</span>
      )}
      {sending ? (
        <Button icon="close" look="quiet" label={`Stop the upload of ${name}`} onClick={stop} />
      ) : (
        <span class="soft">{phase}</span>
      )}
      {(sending || phase === 'making prints') && (
        <>
          <Progress value={share} label={`${phase} ${name}`} />
          <span class="soft number">
            {sending ? `${bytesText(loaded)} of ${bytesText(size)}` : share === null ? phase : percentText(share)}
          </span>
        </>
      )}
      {said && <span class="bad breaks">{said}</span>}
    </li>
  )
}
