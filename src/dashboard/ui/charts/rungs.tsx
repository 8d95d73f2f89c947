import type { Rendition, Video } from '../../state/service/shapes.ts'

const pixels: Record<string, number> = { '480p': 12, '720p': 27, '1080p': 61 }

/**
 * A bar of one part for each print, as wide as its share of the pixels. One run of ffmpeg makes them all, so they fill
 * together until each is served.
 */
export function Rungs({ video }: { video: Video }) {
  const shown = video.renditions
  if (shown.length === 0) return null
  const percent = Math.round((video.progress ?? 0) * 100)
  return (
    <div
      class="rungs"
      role="progressbar"
      aria-label={`Prints of ${video.filename}`}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={video.status === 'ready' ? 100 : percent}
      aria-valuetext={shown.map(({ name, status }) => `${name} ${status}`).join(', ')}
    >
      {shown.map(print => (
        <span
          key={print.name}
          class={`rung ${print.status}`}
          style={{ flex: String(pixels[print.name] ?? 20) }}
          title={titleOf(print)}
        >
          <span style={{ width: `${widthOf(print, percent)}%` }} />
        </span>
      ))}
    </div>
  )
}

function widthOf({ status }: Rendition, percent: number) {
  if (status === 'ready' || status === 'failed') return 100
  return status === 'skipped' ? 0 : percent
}

export function titleOf({ name, status, reason }: Rendition): string {
  return `${name}: ${status}${reason ? `, ${reason.replaceAll('_', ' ')}` : ''}`
}
