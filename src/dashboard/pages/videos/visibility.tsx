import { act } from '../../state/acts/act.ts'
import { lacks } from '../../state/service/session.ts'
import type { Video } from '../../state/service/shapes.ts'

const choices = [
  ['', 'as set for all films'],
  ['public', 'public'],
  ['signed', 'by key or link']
] as const

/** For whom what is made of a film is. */
export function Visibility({ video }: { video: Video }) {
  const lacking = lacks('changeVideo')
  return (
    <select
      aria-label="Playback"
      value={video.playback ?? ''}
      disabled={lacking !== undefined}
      onChange={({ currentTarget }) => {
        const playback = currentTarget.value || null
        // Shown again once the server says so.
        currentTarget.value = video.playback ?? ''
        void act('Playback is changed', 'PATCH', `/api/videos/${video.id}`, { body: { playback } })
      }}
    >
      {choices.map(([value, text]) => (
        <option key={value} value={value}>
          {text}
        </option>
      ))}
    </select>
  )
}
