import { useState } from 'preact/hooks'
import { act, sentenceOf } from '../../state/acts/act.ts'
import { confirm } from '../../state/acts/confirm.ts'
import { type ApiError, request } from '../../state/service/api.ts'
import { serviceAddress } from '../../state/service/base.ts'
import { lacks } from '../../state/service/session.ts'
import type { Links, Video } from '../../state/service/shapes.ts'
import { Button } from '../../ui/button.tsx'
import { CopyBox } from '../../ui/copy-box.tsx'
import { Field } from '../../ui/forms/field.tsx'
import { type Length, LengthField } from '../../ui/forms/length-field.tsx'
import { Dialog } from '../../ui/overlays/dialog.tsx'
import { At } from '../../ui/time.tsx'

const times: Length[] = [
  [3600, 'an hour'],
  [21_600, '6 hours'],
  [86_400, 'a day'],
  [604_800, 'a week']
]

/** Makes a link to a film for a viewer who has no key. */
export function ShareButton({ video }: { video: Video }) {
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button icon="open" needs="makeLinks" disabled={!video.processed} onClick={() => setOpen(true)}>
        Share
      </Button>
      {open && <Share video={video} close={() => setOpen(false)} />}
    </>
  )
}

function Share({ video, close }: { video: Video; close(): void }) {
  const [seconds, setSeconds] = useState(86_400)
  const [grant, setGrant] = useState('stream')
  const [links, setLinks] = useState<Links>()
  const [refused, setRefused] = useState<string>()
  const path = `/api/videos/${video.id}/playback`
  const make = () =>
    request<Links>('POST', path, { body: { seconds, grant } }).then(setLinks, (failure: ApiError) =>
      setRefused(sentenceOf(failure))
    )
  return (
    <Dialog title={`Share ${video.filename}`} onClose={close}>
      <p class="soft">The link works without a key: give it to viewers only.</p>
      <Choices
        seconds={seconds}
        grant={grant}
        choose={(seconds, grant) => {
          setSeconds(seconds)
          setGrant(grant)
          setLinks(undefined)
        }}
      />
      {refused && <p class="bad breaks">{refused}</p>}
      {links && <Made links={links} />}
      <div class="buttons end">
        <Button look="quiet" needs="revokeLinks" onClick={() => revoke(video, () => setLinks(undefined))}>
          Revoke all links
        </Button>
        <Button look="main" needs="makeLinks" onClick={make}>
          Create link
        </Button>
      </div>
    </Dialog>
  )
}

interface ChoicesProps {
  seconds: number
  grant: string
  choose(seconds: number, grant: string): void
}

/** For how long, and to do what. */
function Choices({ seconds, grant, choose }: ChoicesProps) {
  return (
    <div class="two">
      <LengthField label="For" lengths={times} seconds={seconds} choose={seconds => choose(seconds, grant)} />
      <Field label="To">
        {attributes => (
          <select {...attributes} value={grant} onChange={event => choose(seconds, event.currentTarget.value)}>
            <option value="stream">watch it</option>
            <option value="download">download the largest print</option>
            <option value="original" disabled={lacks('original') !== undefined}>
              download the original
            </option>
          </select>
        )}
      </Field>
    </div>
  )
}

function Made({ links }: { links: Links }) {
  return (
    <section aria-label="Links">
      <Link label="Link" url={links.url} />
      <Link label="Stream" url={links.hls_url} />
      <p class="soft">
        Until <At time={links.expires_at} />; a viewer who has begun sees it to its end.
      </p>
    </section>
  )
}

function Link({ label, url }: { label: string; url: string | null }) {
  if (url === null) return null
  const whole = new URL(url, `${serviceAddress}/`).href === url ? url : `${serviceAddress}${url}`
  return <CopyBox label={label} text={whole} />
}

function revoke(video: Video, then: () => void) {
  confirm({
    title: `Revoke all links to ${video.filename}?`,
    text: 'No link that was made until now is valid any more, also for viewers who have begun.',
    yes: 'Revoke links',
    needs: 'revokeLinks',
    danger: true,
    act: async () => {
      if (await act('No older link is valid', 'POST', `/api/videos/${video.id}/playback/revoke`)) then()
    }
  })
}
